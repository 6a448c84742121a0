public import Classroom

/// Who a token belongs to, and what they may do. A seam: tests put a double in its place.
public protocol AuthenticationService: Sendable {
    /// The user whom `token` names, or nil when it is unknown, expired or revoked. Throws when the answer cannot be had now.
    func verifyToken(_ token: String) async throws -> User?

    /// Whether `user` may do what `permission` names.
    func hasPermission(_ user: User, _ permission: Permission) -> Bool
}
