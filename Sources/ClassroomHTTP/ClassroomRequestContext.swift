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

    /// Whose share of limits per address the request counts to, and whether it was sent over TLS.
    ///
    /// - Parameter isSecure: whether this server's own connections are.
    func client(of request: Request, behind proxies: TrustedProxies, isSecure: Bool) -> (address: String, isSecure: Bool) {
        let fields = ["X-Forwarded-For", "X-Forwarded-Proto"].map { name in
            HTTPField.Name(name).map { request.headers[values: $0] } ?? []
        }
        let client = proxies.client(forwardedFor: fields[0], forwardedProto: fields[1], address: connectionAddress, secure: isSecure)
        return (AddressBlock.of(client.address), client.secure)
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
