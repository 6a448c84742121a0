/// What JSON Web Tokens are checked with. It fixes their algorithm: a token that names another one is refused.
public enum JWTKey: Sendable, Hashable {
    /// HS256, with a secret that whoever issues tokens knows too.
    case hmacSecret([UInt8])
    /// ES256, with the public half of a P-256 key, as PEM.
    case ecdsaPublicKey(pem: String)

    /// The only value of a token's `alg` that is accepted (RFC 7518, section 3.1).
    public var algorithm: String {
        switch self {
        case .hmacSecret: "HS256"
        case .ecdsaPublicKey: "ES256"
        }
    }
}

/// A key that cannot check signatures. The description is one line for a person; it holds nothing of the key.
public struct JWTKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
