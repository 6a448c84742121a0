public import Classroom

/// Opaque bearer tokens, known only by their hash (``TokenHash/sha256Hex(_:)``: lowercase hexadecimal SHA-256).
public protocol TokenStore: StoreWriting {
    /// Stores a token for a user, who need not exist yet: the user is looked up when the token is used. A token of the same hash is replaced.
    /// - Parameter expiresAt: the first moment at which the token is no longer valid; nil for never.
    func createToken(hash: String, userID: String, expiresAt: UnixMilliseconds?, createdAt: UnixMilliseconds) async throws
    /// Changes or creates the users and stores the tokens, all in one transaction: for many at a time.
    func load(users: [UserChange], tokens: [TokenRecord]) async throws
    /// The token's user. Nil if the token is unknown, expired at `now` or revoked, or if its user does not exist.
    func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User?
    /// Those of the hashes with which ``user(forTokenHash:now:)`` would find somebody.
    func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String>
    /// Deletes a token. Returns whether it existed.
    func revokeToken(hash: String) async throws -> Bool
    /// Deletes tokens that have expired at `now`, and guests who have no token left, at most `limit` of each.
    /// - Returns: the number of deleted rows; 0 if nothing expired is left.
    func deleteExpired(now: UnixMilliseconds, limit: Int) async throws -> Int
    /// Deletes the user's tokens. Returns how many there were.
    func revokeTokens(userID: String) async throws -> Int
}

extension TokenStore {
    public func createToken(hash: String, userID: String, expiresAt: UnixMilliseconds?, createdAt: UnixMilliseconds) async throws {
        try await load(users: [], tokens: [TokenRecord(hash: hash, userID: userID, expiresAt: expiresAt, createdAt: createdAt)])
    }

    public func load(users: [UserChange], tokens: [TokenRecord]) async throws { try await perform(.load(users: users, tokens: tokens)) }

    public func revokeToken(hash: String) async throws -> Bool { try await perform(.revokeToken(hash: hash), \.count) > 0 }

    public func revokeTokens(userID: String) async throws -> Int { try await perform(.revokeTokens(userID: userID), \.count) }

    public func deleteExpired(now: UnixMilliseconds, limit: Int) async throws -> Int {
        try await perform(.deleteExpired(now: now, limit: limit), \.count)
    }
}
