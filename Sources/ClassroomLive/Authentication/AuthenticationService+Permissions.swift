public import Classroom

extension AuthenticationService {
    /// A user may do what is among the user's permissions, nothing else: a role gives none by itself.
    public func hasPermission(_ user: User, _ permission: Permission) -> Bool {
        user.permissions.contains(permission)
    }
}
