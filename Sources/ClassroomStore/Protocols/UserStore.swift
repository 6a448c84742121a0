public import Classroom

/// The users. Every method throws `ClassroomError(.unavailable)` if the answer is not available now.
public protocol UserStore: StoreWriting {
    /// The user with this id, or nil. Permissions that are absent or unreadable in the row are the role's defaults.
    func user(id: String) async throws -> User?
    /// The first user (by id) of this name, or nil; names of users are not unique.
    func user(username: String) async throws -> User?
    /// Creates the user or replaces the one of the same id.
    func save(_ user: User) async throws
    /// How many users there are, guests included.
    func countUsers() async throws -> Int
}

extension UserStore {
    public func save(_ user: User) async throws { try await perform(.saveUser(user)) }
}
