import SystemCrypto

/// How JSON Web Tokens are checked.
public struct JWTConfiguration: Sendable, Hashable {
    public var key: JWTKey
    /// The `iss` that a token must have. If nil, any `iss` is accepted.
    public var issuer: String?
    /// The audience that a token must name in its `aud`. If nil, a token with an `aud` is refused, since it is meant for another audience
    /// (RFC 7519, section 4.1.3).
    public var audience: String?

    public init(key: JWTKey, issuer: String? = nil, audience: String? = nil) {
        self.key = key
        self.issuer = issuer
        self.audience = audience
    }
}

/// The key that checks JSON Web Tokens. It fixes their algorithm: a token that names another one is refused.
public enum JWTKey: Sendable, Hashable {
    /// HS256, with a secret that the issuer of the tokens shares.
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

/// The signatures of the two algorithms (RFC 7518, sections 3.2 and 3.4).
enum JWTSignatureCheck {
    case hmac(secret: [UInt8])
    case ecdsa(P256PublicKey)

    /// - Throws: a ``StartupError`` when the key cannot be used.
    init(_ key: JWTKey) throws(JWTKeyError) {
        switch key {
        case .hmacSecret(let secret):
            guard !secret.isEmpty else { throw JWTKeyError("the JWT secret is empty") }
            self = .hmac(secret: secret)
        case .ecdsaPublicKey(let pem):
            guard let key = P256PublicKey(pem: pem) else {
                throw JWTKeyError("the JWT public key is not a P-256 public key in PEM (-----BEGIN PUBLIC KEY-----)")
            }
            self = .ecdsa(key)
        }
    }

    /// Compares in constant time: the position of the first wrong byte has no effect on it.
    func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        switch self {
        case .hmac(let secret): SHA256Code.isValid(signature, for: signed, key: secret)
        case .ecdsa(let key): key.isValid(signature, for: signed)
        }
    }
}
