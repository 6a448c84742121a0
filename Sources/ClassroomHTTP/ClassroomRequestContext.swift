import Classroom
package import Hummingbird
import Logging
import NIOCore
import SocketIOServer

/// The context of one HTTP request.
package struct ClassroomRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The sender; set by ``BearerTokenMiddleware``.
    var user: User?
    /// Whose share of limits per address the request counts to.
    let address: String

    package init(source: ApplicationRequestContextSource) {
        address = AddressBlock.of(source.channel.remoteAddress?.ipAddress ?? "")
        coreContext = CoreRequestContextStorage(source: source)
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
