import Classroom
import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
import SocketIOServer

/// The context of one HTTP request.
package struct ClassroomRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The sender; set by ``BearerTokenMiddleware``.
    var user: User?
    /// Where the connection comes from: a client, or a proxy.
    private let connectionAddress: String

    package init(source: ApplicationRequestContextSource) {
        connectionAddress = source.channel.remoteAddress?.ipAddress ?? ""
        coreContext = CoreRequestContextStorage(source: source)
    }

    /// Whose share of limits per address the request counts to.
    func address(of request: Request, behind proxies: TrustedProxies) -> String {
        let fields = HTTPField.Name("X-Forwarded-For").map { request.headers[values: $0] } ?? []
        return AddressBlock.of(proxies.client(forwardedFor: fields, address: connectionAddress))
    }

    /// The user of a route that stands behind ``BearerTokenMiddleware``.
    func signedIn() throws(ClassroomError) -> User {
        guard let user else { throw .invalidToken }
        return user
    }

    /// A parameter of the path, or `not_found` when no row could have such an id.
    func identifier(_ name: String) throws(ClassroomError) -> String {
        guard let id = parameters.get(name), Identifier.isValid(id) else { throw ClassroomError(.notFound, "Not found") }
        return id
    }
}
