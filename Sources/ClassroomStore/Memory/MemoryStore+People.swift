public import Classroom

extension MemoryStore {
    public func user(id: String) async throws -> User? { try read { $0.users[id] } }

    public func user(username: String) async throws -> User? {
        try read { tables in tables.users.values.filter { $0.username == username }.min { $0.id < $1.id } }
    }

    public func save(_ user: User) async throws { try await write { $0.users[user.id] = user } }

    public func countUsers() async throws -> Int { try read { $0.users.count } }

    public func createToken(hash: String, userID: String, expiresAt: UnixMilliseconds?, createdAt: UnixMilliseconds) async throws {
        try await write { $0.tokens[hash] = MemoryTables.Token(userID: userID, expiresAt: expiresAt) }
    }

    public func load(users: [UserChange], tokens: [TokenRecord]) async throws {
        try await write { tables in
            for user in users { tables.users[user.id] = user.applied(to: tables.users[user.id]) }
            for token in tokens { tables.tokens[token.hash] = MemoryTables.Token(userID: token.userID, expiresAt: token.expiresAt) }
        }
    }

    public func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User? {
        try read { $0.user(forTokenHash: hash, now: now) }
    }

    public func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String> {
        try read { tables in Set(hashes.filter { tables.user(forTokenHash: $0, now: now) != nil }) }
    }

    public func revokeToken(hash: String) async throws -> Bool { try await write { $0.tokens.removeValue(forKey: hash) != nil } }

    public func deleteExpired(now: UnixMilliseconds, limit: Int) async throws -> Int {
        try await write { tables in
            let expired = tables.tokens.filter { $0.value.expiresAt.map { $0 <= now } ?? false }.keys.prefix(limit)
            for hash in expired { tables.tokens[hash] = nil }
            let holders = Set(tables.tokens.values.map(\.userID))
            let guests = tables.users.values.filter { $0.role == .guest && !holders.contains($0.id) }.prefix(limit)
            for guest in guests { tables.users[guest.id] = nil }
            return expired.count + guests.count
        }
    }

    public func revokeTokens(userID: String) async throws -> Int {
        try await write { tables in
            let before = tables.tokens.count
            tables.tokens = tables.tokens.filter { $0.value.userID != userID }
            return before - tables.tokens.count
        }
    }
}
