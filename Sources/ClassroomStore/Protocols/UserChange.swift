public import Classroom

/// A change of a user who may exist already. Nil fields stay as they are.
public struct UserChange: Sendable, Hashable {
    public var id: String
    public var username: String?
    public var email: String?
    public var role: User.Role?
    /// If nil and a role is given, the role's default permissions.
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

    /// The user after the change. A new user is a student whose name is the id, unless the change says otherwise.
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
