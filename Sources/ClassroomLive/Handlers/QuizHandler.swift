import Classroom
public import Logging
import SocketIOCore
public import SocketIOServer

/// The `quiz:` events: reads what a client sends, lets the service do it, answers.
public final class QuizHandler: Sendable {
    let pipeline: RequestPipeline
    let service: any QuizService

    init(pipeline: RequestPipeline, service: any QuizService) {
        self.pipeline = pipeline
        self.service = service
    }

    /// Handles the quiz events of a server on its own, without chat and dashboard.
    public convenience init(
        io: SocketIO, quizService: any QuizService, authenticationService: any AuthenticationService,
        configuration: RuntimeConfiguration = .init(), clock: any ClassroomClock = SystemClock(),
        logger: Logger = Logger(label: "dunlin.quiz")
    ) {
        let pipeline = RequestPipeline(
            authentication: authenticationService, configuration: configuration, clock: clock, logger: logger)
        self.init(pipeline: pipeline, service: quizService)
        var table = RequestTable()
        register(in: &table)
        io.onConnection { [table] socket in pipeline.connect(socket, table) }
    }

    func register(in table: inout RequestTable) {
        handle("quiz:create_session", &table, limit: .creation, create)
        handle("quiz:observe", &table, limit: .observe, observe)
        handle("quiz:leave", &table, needsUser: false, leave)
        for (event, action) in HostAction.events {
            handle(event, &table) { [self] in control(action, $0, $1, $2) }
        }
        handle("quiz:join", &table, limit: .join, identity: Self.identity(ofJoin:), join)
        handle("quiz:answer", &table, limit: .answer, identity: ClientRequest.identity, answer)
        let service = service
        table.onDeparture { connection, user in
            let sessions = connection.sessions
            connection.sessions = []
            guard !sessions.isEmpty else { return }
            let socketID = connection.id
            Task { for session in sessions { await service.socketLeft(socketID, session.sessionID, user) } }
        }
    }

    private func handle(
        _ event: String, _ table: inout RequestTable, needsUser: Bool = true, limit: RequestLimits.Kind? = .other,
        identity: @escaping @Sendable (JSONSlice) -> ClientRequest.Identity = { _ in .none },
        _ perform: @escaping @Sendable (Payload, ClientRequest, ClientState) -> RequestOutcome
    ) {
        table.on(event, limit: limit, identity: identity) { request, connection in
            guard !request.hasBadToken else {
                request.responder.fail(.invalidToken)
                return .finished
            }
            // Nobody is told first who they have to be, then what they did wrong.
            if needsUser, connection.user == nil, request.namesNobody {
                request.responder.fail(RequestPipeline.signInFirst)
                return .finished
            }
            let checked = MessageRules.check(event, request.payload)
            if let refusal = checked.refusal {
                request.responder.fail(refusal)
                return .finished
            }
            return perform(checked.data, request, connection)
        }
    }

    // MARK: Who asks

    @Sendable private static func identity(ofJoin payload: JSONSlice) -> ClientRequest.Identity {
        let identity = ClientRequest.identity(payload)
        guard case .none = identity else { return identity }
        guard let code = payload["joinCode"], !code.isNull, payload["nickname"]?.string != nil else { return .none }
        return .guest
    }

    func context(_ request: ClientRequest, _ connection: ClientState, device: String? = nil) -> CallContext {
        let responder = request.responder
        return CallContext(socket: SessionSocket(connection.reference), receivedAt: request.receivedAt, device: device) { reply in
            responder.succeed(reply.isRoomEvent ? nil : reply.event.name, JSONBody(reply.event))
        }
    }

    /// The socket is in this session now. Beyond the limit it leaves the one that it entered longest ago.
    func entered(_ sessionID: String, asPlayer: Bool = false, _ connection: ClientState, _ user: User) {
        connection.sessions.enter(sessionID, asPlayer: asPlayer)
        guard connection.sessions.count > pipeline.configuration.maximumSessionsPerSocket else { return }
        let oldest = connection.sessions.removeFirst().sessionID
        let service = service
        let socketID = connection.id
        Task { await service.socketLeft(socketID, oldest, user) }
    }
}
