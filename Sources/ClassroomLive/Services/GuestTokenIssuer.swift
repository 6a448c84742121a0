public import Classroom
public import ClassroomStore

/// Registers guests, so that they can rejoin with a token. Tests replace it by a double.
public protocol GuestTokenIssuer: Sendable {
    /// A token that the authentication service accepts for this guest from now on.
    func issueToken(for guest: User) async throws -> String
    /// Revokes the token of a guest who was not admitted after all.
    func revokeTokens(of userID: String) async
}

/// Stores guests in the tables of users and tokens.
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
        // Both in one commit: a guest without a token would never expire.
        try await store.load(
            users: [UserChange(id: guest.id, username: guest.username, role: guest.role)],
            tokens: [
                TokenRecord(hash: TokenHash.sha256Hex(token), userID: guest.id, expiresAt: now + lifetimeMs, createdAt: now)
            ])
        return token
    }

    public func revokeTokens(of userID: String) async {
        // If this fails, the token expires by itself.
        _ = try? await store.revokeTokens(userID: userID)
    }
}
