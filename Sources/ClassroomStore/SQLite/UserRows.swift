import Classroom
import GRDB

/// Rows of `users`.
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
