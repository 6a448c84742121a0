/// Why a JSON Web Token was refused. For logs and tests: whoever sent the token hears only that it is invalid.
public enum JWTRefusal: Error, Hashable, Sendable {
    /// Longer than ``TokenLimits/maximumBytes``.
    case tooLong
    /// Not three parts of base64url with JSON objects in the first two, or a claim of the wrong type.
    case malformed
    /// The header names another algorithm than the key's: `none`, or a public key used as a secret.
    case wrongAlgorithm
    /// The header asks for an extension that must be understood (RFC 7515, section 4.1.11).
    case criticalHeader
    case badSignature
    /// `exp` has come.
    case expired
    /// There is no `exp`: the token would be valid for ever.
    case missingExpiry
    /// `nbf` is still to come.
    case notYetValid
    case wrongIssuer
    case wrongAudience
    /// No `sub`, an empty one, or a longer one than a user id may be.
    case badSubject
    case badName
    case unknownRole
}
