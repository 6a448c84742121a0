public import Classroom

/// Users who are known by a JSON Web Token alone: nothing about them is looked up.
public struct JWTAuthentication: AuthenticationService {
    private let verifier: JWTVerifier
    private let now: @Sendable () -> UnixMilliseconds

    public init(verifier: JWTVerifier, now: @escaping @Sendable () -> UnixMilliseconds) {
        self.verifier = verifier
        self.now = now
    }

    /// nil for every refusal: whoever sent the token is not told which check failed.
    public func verifyToken(_ token: String) async throws -> User? {
        try? verifier.user(for: token, at: now())
    }

    public func lapsed(among tokens: [String]) async throws -> Set<String> {
        let now = now()
        return Set(tokens.filter { !verifier.stillHolds($0, at: now) })
    }
}
