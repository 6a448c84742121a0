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

    public func lapsed(among tokens: [String]) async throws -> Set<String> {
        let hashes = Dictionary(tokens.map { (TokenHash.sha256Hex($0), $0) }) { first, _ in first }
        let valid = try await store.validTokens(among: Array(hashes.keys), now: now())
        return Set(hashes.filter { !valid.contains($0.key) }.values)
    }
}
