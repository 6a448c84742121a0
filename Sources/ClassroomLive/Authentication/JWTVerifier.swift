public import Classroom
import Foundation

/// Users who sign in with a JSON Web Token. All that is known about them is in the token; nothing is looked up.
public struct JWTAuthentication: AuthenticationService {
    private let verifier: JWTVerifier
    private let now: @Sendable () -> UnixMilliseconds

    public init(verifier: JWTVerifier, now: @escaping @Sendable () -> UnixMilliseconds) {
        self.verifier = verifier
        self.now = now
    }

    /// Returns nil for every refusal: the sender is not told which check failed.
    public func verifyToken(_ token: String) async throws -> User? {
        try? verifier.user(for: token, at: now())
    }

    public func lapsed(among tokens: [String]) async throws -> Set<String> {
        let now = now()
        return Set(tokens.filter { !verifier.stillHolds($0, at: now) })
    }
}

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

/// The reason why a JSON Web Token was refused, for logs and tests. The sender hears only that the token is invalid.
public enum JWTRefusal: Error, Hashable, Sendable {
    /// Longer than ``TokenLimits/maximumBytes``.
    case tooLong
    /// Not three parts of base64url with JSON objects in the first two, a header longer than ``TokenLimits/maximumHeaderBytes``, or a claim
    /// of the wrong type.
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
    /// No `sub`, an empty one, a longer one than a user id may be, or one that no account may have (`User.isReserved`,
    /// `User.isComposed`).
    case badSubject
    case badName
    case unknownRole
}
