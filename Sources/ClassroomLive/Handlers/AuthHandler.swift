import Classroom
import SocketIOCore

/// `auth`: signs a socket in by its token.
final class AuthHandler: Sendable {
    static let event = "auth"
    private let pipeline: RequestPipeline

    init(pipeline: RequestPipeline) { self.pipeline = pipeline }

    func register(in table: inout RequestTable) {
        table.on(Self.event, limit: .signIn, identity: ClientRequest.identity) { [pipeline] request, connection in
            guard case .token(let token) = request.identity else {
                request.responder.fail(.invalidToken)
                return .finished
            }
            // The token is looked up even if it signed this socket in: the sender asks whether it is still valid.
            pipeline.signIn(connection, token: token) { refusal in
                if let refusal {
                    request.responder.fail(refusal)
                } else if let user = connection.user {
                    request.responder.succeed("auth:success", Self.body(user))
                }
                pipeline.chargeWaiting(connection)
                pipeline.finish(request, connection)
            }
            return .pending
        }
    }

    private static func body(_ user: User) -> JSONBody {
        JSONBody { writer in
            writer.field("userId", user.id)
            writer.field("username", Nickname.shown(user.username))
            writer.field("role", user.role.rawValue)
            writer.field("permissions", user.permissions.map(\.rawValue).sorted())
        }
    }
}
