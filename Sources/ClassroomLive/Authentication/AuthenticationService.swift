public import Classroom

/// Finds the user of a token and checks permissions. Tests replace it by a double.
public protocol AuthenticationService: Sendable {
    /// The user of `token`, or nil if the token is unknown, expired or revoked. Throws if the answer is not available now.
    func verifyToken(_ token: String) async throws -> User?

    /// Returns those of `tokens` that were accepted before and have expired or been revoked since. Called every few seconds with the tokens
    /// of connected users.
    func lapsed(among tokens: [String]) async throws -> Set<String>

    /// Whether `user` has `permission`.
    func hasPermission(_ user: User, _ permission: Permission) -> Bool
}

extension AuthenticationService {
    /// Looks them up one after the other, for services without a quicker way.
    public func lapsed(among tokens: [String]) async throws -> Set<String> {
        var lapsed: Set<String> = []
        for token in tokens {
            if try await verifyToken(token) == nil { lapsed.insert(token) }
        }
        return lapsed
    }
}

extension AuthenticationService {
    /// A user has exactly the permissions that are listed for the user: a role alone grants none.
    public func hasPermission(_ user: User, _ permission: Permission) -> Bool {
        user.permissions.contains(permission)
    }
}

/// Asks several services in order. The first one that knows the token decides.
public struct CompositeAuthentication: AuthenticationService {
    private let services: [any AuthenticationService]

    public init(_ services: [any AuthenticationService]) {
        self.services = services
    }

    public func verifyToken(_ token: String) async throws -> User? {
        for service in services {
            if let user = try await service.verifyToken(token) { return user }
        }
        return nil
    }

    /// The tokens that no service accepts any longer.
    public func lapsed(among tokens: [String]) async throws -> Set<String> {
        var lapsed = Set(tokens)
        for service in services where !lapsed.isEmpty { lapsed = try await service.lapsed(among: Array(lapsed)) }
        return lapsed
    }
}
