public import Classroom
import GRDB

extension SQLiteStore {
    public func user(id: String) async throws -> User? {
        try await read { db in try UserRows.one("where id = ?", [id], in: db) }
    }

    public func user(username: String) async throws -> User? {
        try await read { db in try UserRows.one("where username = ? order by id", [username], in: db) }
    }

    public func countUsers() async throws -> Int {
        try await read { db in try Int.fetchOne(db, sql: "select count(*) from users") ?? 0 }
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
            // One parameter for all ids: SQLite limits the number of parameters.
            let statement = try db.cachedStatement(
                sql: """
                    select hash from tokens join users on users.id = tokens.user_id
                        where hash in (select value from json_each(?)) and (expires_at is null or expires_at > ?)
                    """)
            return try String.fetchSet(statement, arguments: [list, now])
        }
    }
}
