// The standard library has no normalisation, and FoundationEssentials neither: this is the only file that needs Foundation.
import Foundation

extension String {
    /// Unicode Normalization Form KC.
    var compatibilityNormalized: String { precomposedStringWithCompatibilityMapping }

    /// Whether it is in Unicode Normalization Form C.
    var isComposed: Bool { utf8.allSatisfy { $0 < 0x80 } || hasSameBytes(as: precomposedStringWithCanonicalMapping) }
}
