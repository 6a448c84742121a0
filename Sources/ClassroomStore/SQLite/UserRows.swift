import Classroom
import GRDB

/// Rows of `users` and `tokens`.
enum UserRows {
    static func save(_ user: User, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                insert into users (id, username, email, role, permissions) values (?, ?, ?, ?, ?)
                    on conflict (id) do update set username = excluded.username, email = excluded.email, role = excluded.role,
                        permissions = excluded.permissions
                """
        ).execute(arguments: [user.id, user.username, user.email, user.role.rawValue, PermissionsText.text(user.permissions)])
    }

    static func load(_ users: [UserChange], _ tokens: [TokenRecord], in db: Database) throws {
        for user in users { try save(user.applied(to: try one("where id = ?", [user.id], in: db)), in: db) }
        for token in tokens {
            try db.cachedStatement(sql: "insert or replace into tokens (hash, user_id, expires_at, created_at) values (?, ?, ?, ?)")
                .execute(arguments: [token.hash, token.userID, token.expiresAt, token.createdAt])
        }
    }

    static func revokeToken(_ hash: String, in db: Database) throws -> Int {
        try db.cachedStatement(sql: "delete from tokens where hash = ?").execute(arguments: [hash])
        return db.changesCount
    }

    static func revokeTokens(of userID: String, in db: Database) throws -> Int {
        try db.cachedStatement(sql: "delete from tokens where user_id = ?").execute(arguments: [userID])
        return db.changesCount
    }

    /// At most `limit` tokens that have expired, and as many guests without one.
    static func deleteExpired(now: UnixMilliseconds, limit: Int, in db: Database) throws -> Int {
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

    static func one(_ condition: String, _ arguments: StatementArguments, in db: Database) throws -> User? {
        let statement = try db.cachedStatement(sql: "select users.* from users \(condition)")
        return try Row.fetchOne(statement, arguments: arguments).map(user)
    }

    private static func user(_ row: Row) -> User {
        let id = row.text("id") ?? ""
        return User(
            id: id, username: row.text("username") ?? id, email: row.text("email"),
            role: row.text("role").flatMap(User.Role.init) ?? .student,
            permissions: PermissionsText.permissions(row.text("permissions")))
    }
}
