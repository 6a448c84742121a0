public import Classroom
import JWTKit

/// Checks JSON Web Tokens. The algorithm is pinned by the key, and every claim is checked here with the time as a parameter; JWTKit
/// does the arithmetic of the signatures.
public struct JWTVerifier: Sendable {
    private let configuration: JWTConfiguration
    private let keys: JWTKeyCollection

    /// - Throws: a ``StartupError`` when the key cannot be used.
    public init(_ configuration: JWTConfiguration) async throws(StartupError) {
        let keys = JWTKeyCollection()
        switch configuration.key {
        case .hmacSecret(let secret):
            guard !secret.isEmpty else { throw StartupError(.invalidFile, "the JWT secret is empty") }
            await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        case .ecdsaPublicKey(let pem):
            guard let key = try? ES256PublicKey(pem: pem) else {
                throw StartupError(.invalidFile, "the JWT public key is not a P-256 public key in PEM (-----BEGIN PUBLIC KEY-----)")
            }
            await keys.add(ecdsa: key)
        }
        self.configuration = configuration
        self.keys = keys
    }

    /// The user whom the token names, if it holds at `now`.
    public func user(for token: String, at now: UnixMilliseconds) async throws(JWTRefusal) -> User {
        guard token.utf8.count <= TokenLimits.maximumBytes else { throw .tooLong }
        try JWTHeaderCheck.check(token, algorithm: configuration.key.algorithm)
        let claims: JWTClaims
        do {
            claims = try await keys.verify(token)
        } catch let error as JWTError where error.errorType == .malformedToken {
            throw .malformed
        } catch {
            throw .badSignature
        }
        return try claims.user(at: now, for: configuration)
    }
}
