public import Classroom
public import ClassroomStore

/// Opaque tokens, known to the database by their SHA-256. They are random and long: a slow hash would protect nothing.
public struct StoredTokenAuthentication: AuthenticationService {
    private let store: any ClassroomStore
    private let now: @Sendable () -> UnixMilliseconds

    public init(store: any ClassroomStore, now: @escaping @Sendable () -> UnixMilliseconds) {
        self.store = store
        self.now = now
    }

    public func verifyToken(_ token: String) async throws -> User? {
        guard TokenLimits.accepts(token) else { return nil }
        return try await store.user(forTokenHash: TokenHash.sha256Hex(token), now: now())
    }
}
