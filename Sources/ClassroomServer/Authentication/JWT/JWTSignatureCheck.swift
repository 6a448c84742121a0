import Crypto
import Foundation

/// The signatures of the two algorithms (RFC 7518, sections 3.2 and 3.4).
enum JWTSignatureCheck {
    case hmac(SymmetricKey)
    case ecdsa(P256.Signing.PublicKey)

    /// - Throws: a ``StartupError`` when the key cannot be used.
    init(_ key: JWTKey) throws(StartupError) {
        switch key {
        case .hmacSecret(let secret):
            guard !secret.isEmpty else { throw StartupError(.invalidFile, "the JWT secret is empty") }
            self = .hmac(SymmetricKey(data: secret))
        case .ecdsaPublicKey(let pem):
            guard let key = try? P256.Signing.PublicKey(pemRepresentation: pem) else {
                throw StartupError(.invalidFile, "the JWT public key is not a P-256 public key in PEM (-----BEGIN PUBLIC KEY-----)")
            }
            self = .ecdsa(key)
        }
    }

    /// Takes the same time wherever a wrong HMAC differs.
    func isValid(_ signature: Data, of signed: Data) -> Bool {
        switch self {
        case .hmac(let key):
            return HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: key)
        case .ecdsa(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: signed)
        }
    }
}
