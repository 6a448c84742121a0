public import Classroom
public import ClassroomStore

/// Makes guests known, so that they can come back with a token. A seam.
public protocol GuestTokenIssuer: Sendable {
    /// A token that the authentication service accepts for this guest from now on.
    func issueToken(for guest: User) async throws -> String
    /// The guest was not admitted after all.
    func revokeTokens(of userID: String) async
}

/// Guests in the store's tables, as everybody else.
public struct StoreGuestTokens: GuestTokenIssuer {
    private let store: any ClassroomStore
    private let lifetimeMs: Int64
    private let clock: any ClassroomClock

    public init(store: any ClassroomStore, lifetimeMs: Int64, clock: any ClassroomClock) {
        self.store = store
        self.lifetimeMs = lifetimeMs
        self.clock = clock
    }

    public func issueToken(for guest: User) async throws -> String {
        let token = RandomIdentifier.secret()
        let now = clock.now
        // In one commit, so that there is no guest without a token: by its end a guest is known to be over.
        try await store.load(
            users: [UserChange(id: guest.id, username: guest.username, role: guest.role)],
            tokens: [
                TokenRecord(hash: TokenHash.sha256Hex(token), userID: guest.id, expiresAt: now + lifetimeMs, createdAt: now)
            ])
        return token
    }

    public func revokeTokens(of userID: String) async {
        // A token that is left behind expires by itself.
        _ = try? await store.revokeTokens(userID: userID)
    }
}
