public import Classroom
import Foundation

/// Checks JSON Web Tokens: the algorithm is pinned by the key, the signature comes before the claims, and time is a parameter.
public struct JWTVerifier: Sendable {
    private let configuration: JWTConfiguration
    private let signatures: JWTSignatureCheck

    /// - Throws: a ``JWTKeyError`` when the key cannot be used.
    public init(_ configuration: JWTConfiguration) throws(JWTKeyError) {
        self.configuration = configuration
        signatures = try JWTSignatureCheck(configuration.key)
    }

    /// The user whom the token names, if it holds at `now`.
    public func user(for token: String, at now: UnixMilliseconds) throws(JWTRefusal) -> User {
        guard token.utf8.count <= TokenLimits.maximumBytes else { throw .tooLong }
        let parts = try JWTParts(token)
        guard let header = try? JSONDecoder().decode(JWTHeader.self, from: parts.header) else { throw .malformed }
        try header.check(algorithm: configuration.key.algorithm)
        guard signatures.isValid(Array(parts.signature), of: Array(parts.signed)) else { throw .badSignature }
        guard let claims = try? JSONDecoder().decode(JWTClaims.self, from: parts.claims) else { throw .malformed }
        return try claims.user(at: now, for: configuration)
    }

    /// Whether a token that was accepted before is good at `now` too. Its signature is not checked again: time is all that has changed.
    func stillHolds(_ token: String, at now: UnixMilliseconds) -> Bool {
        guard let parts = try? JWTParts(token), let header = try? JSONDecoder().decode(JWTHeader.self, from: parts.header),
            (try? header.check(algorithm: configuration.key.algorithm)) != nil,
            let claims = try? JSONDecoder().decode(JWTClaims.self, from: parts.claims)
        else { return false }
        return (try? claims.user(at: now, for: configuration)) != nil
    }
}
