public import Classroom

/// Tells whom a token belongs to, and what they may do. A seam: tests put a double in its place.
public protocol AuthenticationService: Sendable {
    /// The user whom `token` names, or nil when it is unknown, expired or revoked. Throws when the answer cannot be had now.
    func verifyToken(_ token: String) async throws -> User?

    /// Returns those of `tokens` that were accepted before and have expired or been revoked since. Called every few seconds for
    /// whoever is connected.
    func lapsed(among tokens: [String]) async throws -> Set<String>

    /// Whether `user` may do what `permission` names.
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
    /// A user may do what is among the user's permissions, nothing else: a role gives none by itself.
    public func hasPermission(_ user: User, _ permission: Permission) -> Bool {
        user.permissions.contains(permission)
    }
}

/// Several kinds of tokens, asked in order: the first that knows the token says who it is.
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
