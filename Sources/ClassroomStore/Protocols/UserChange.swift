public import Classroom

/// What is said about a user who may exist already: what is nil stays as it is.
public struct UserChange: Sendable, Hashable {
    public var id: String
    public var username: String?
    public var email: String?
    public var role: User.Role?
    /// nil with a role: the role's own.
    public var permissions: Set<Permission>?

    public init(
        id: String, username: String? = nil, email: String? = nil, role: User.Role? = nil, permissions: Set<Permission>? = nil
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.role = role
        self.permissions = permissions
    }

    /// The user as they are afterwards. One who did not exist is a student named by the id, as far as nothing else is said.
    public func applied(to existing: User?) -> User {
        User(
            id: id, username: username ?? existing?.username ?? id, email: email ?? existing?.email,
            role: role ?? existing?.role ?? .student, permissions: permissions ?? (role == nil ? existing?.permissions : nil))
    }
}

/// A token as the store keeps it.
public struct TokenRecord: Sendable, Hashable {
    /// See ``TokenHash/sha256Hex(_:)``.
    public var hash: String
    public var userID: String
    /// The first moment at which it is no longer valid; nil for never.
    public var expiresAt: UnixMilliseconds?
    public var createdAt: UnixMilliseconds

    public init(hash: String, userID: String, expiresAt: UnixMilliseconds? = nil, createdAt: UnixMilliseconds) {
        self.hash = hash
        self.userID = userID
        self.expiresAt = expiresAt
        self.createdAt = createdAt
    }
}

extension TokenRecord: SelfRedacting {
    public var redactedDescription: String { "TokenRecord(\(userID))" }
}
