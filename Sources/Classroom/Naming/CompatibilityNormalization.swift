// The standard library has no compatibility normalisation, and FoundationEssentials neither: this is the only file that needs Foundation.
import Foundation

extension String {
    /// Unicode Normalization Form KC.
    var compatibilityNormalized: String { precomposedStringWithCompatibilityMapping }
}
