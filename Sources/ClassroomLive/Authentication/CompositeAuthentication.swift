public import Classroom

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

    /// Those that no service accepts any longer.
    public func lapsed(among tokens: [String]) async throws -> Set<String> {
        var lapsed = Set(tokens)
        for service in services where !lapsed.isEmpty { lapsed = try await service.lapsed(among: Array(lapsed)) }
        return lapsed
    }
}
