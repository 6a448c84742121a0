import SystemCrypto

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

    /// Takes the same time wherever a wrong HMAC differs.
    func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        switch self {
        case .hmac(let secret): SHA256Code.isValid(signature, for: signed, key: secret)
        case .ecdsa(let key): key.isValid(signature, for: signed)
        }
    }
}
