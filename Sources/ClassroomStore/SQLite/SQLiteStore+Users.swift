public import Classroom
import GRDB

extension SQLiteStore {
    public func user(id: String) async throws -> User? {
        try await read { db in try UserRows.one("where id = ?", [id], in: db) }
    }

    public func user(username: String) async throws -> User? {
        try await read { db in try UserRows.one("where username = ? order by id", [username], in: db) }
    }

    public func save(_ user: User) async throws {
        try await write { db in try UserRows.save(user, in: db) }
    }

    public func countUsers() async throws -> Int {
        try await read { db in try Int.fetchOne(db, sql: "select count(*) from users") ?? 0 }
    }

    public func createToken(hash: String, userID: String, expiresAt: UnixMilliseconds?, createdAt: UnixMilliseconds) async throws {
        let token = TokenRecord(hash: hash, userID: userID, expiresAt: expiresAt, createdAt: createdAt)
        try await write { db in try Self.save(token, in: db) }
    }

    public func load(users: [UserChange], tokens: [TokenRecord]) async throws {
        try await write { db in
            for user in users { try UserRows.save(user.applied(to: try UserRows.one("where id = ?", [user.id], in: db)), in: db) }
            for token in tokens { try Self.save(token, in: db) }
        }
    }

    private static func save(_ token: TokenRecord, in db: Database) throws {
        try db.cachedStatement(sql: "insert or replace into tokens (hash, user_id, expires_at, created_at) values (?, ?, ?, ?)")
            .execute(arguments: [token.hash, token.userID, token.expiresAt, token.createdAt])
    }

    public func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User? {
        try await read { db in
            try UserRows.one(
                "join tokens on tokens.user_id = users.id where tokens.hash = ? and (expires_at is null or expires_at > ?)",
                [hash, now], in: db)
        }
    }

    public func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String> {
        let list = JSONText.text(hashes)
        return try await read { db in
            // One parameter for all: SQLite bounds their number.
            let statement = try db.cachedStatement(
                sql: """
                    select hash from tokens join users on users.id = tokens.user_id
                        where hash in (select value from json_each(?)) and (expires_at is null or expires_at > ?)
                    """)
            return try String.fetchSet(statement, arguments: [list, now])
        }
    }

    public func revokeToken(hash: String) async throws -> Bool {
        try await write { db in
            try db.cachedStatement(sql: "delete from tokens where hash = ?").execute(arguments: [hash])
            return db.changesCount > 0
        }
    }

    public func deleteExpired(now: UnixMilliseconds, limit: Int) async throws -> Int {
        try await write { db in
            try db.cachedStatement(
                sql: "delete from tokens where hash in (select hash from tokens where expires_at <= ? limit ?)"
            ).execute(arguments: [now, limit])
            let tokens = db.changesCount
            try db.cachedStatement(
                sql: """
                    delete from users where id in (
                        select id from users where role = 'guest' and not exists (select 1 from tokens where user_id = users.id) limit ?)
                    """
            ).execute(arguments: [limit])
            return tokens + db.changesCount
        }
    }

    public func revokeTokens(userID: String) async throws -> Int {
        try await write { db in
            try db.cachedStatement(sql: "delete from tokens where user_id = ?").execute(arguments: [userID])
            return db.changesCount
        }
    }
}
