@testable import ClassroomHTTP
import Classroom
import ClassroomLive
import ClassroomStore
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import PrometheusMetrics
import SocketIOServer

/// The routes of a classroom on a memory store, called without a port.
struct HTTPTestServer {
    static let tokens: [String: User] = [
        "ann": User(id: "ann", username: "Ann", role: .instructor),
        "bea": User(id: "bea", username: "Bea", role: .instructor, permissions: [.createQuizzes]),
        "oda": User(id: "oda", username: "Oda", role: .instructor),
        "stu": User(id: "stu", username: "Stu"),
        "sol": User(id: "sol", username: "Sol"),
        "gus": User(id: "guest-gus", username: "Gus", role: .guest),
    ]

    struct Tokens: AuthenticationService {
        func verifyToken(_ token: String) async throws -> User? { HTTPTestServer.tokens[token] }
    }

    let store: any ClassroomStore
    let readiness: Readiness
    let registry = PrometheusRegistry()
    let runtime: ClassroomRuntime
    /// Those that only say 405 included.
    let routes: [(method: HTTPRequest.Method, path: String)]
    private let responder: RouterResponder<ClassroomRequestContext>

    init(
        store: any ClassroomStore = MemoryStore(), runtimeConfiguration: RuntimeConfiguration = .init(),
        _ change: (inout ClassroomRouter.Configuration) -> Void = { _ in }
    ) {
        self.store = store
        readiness = Readiness(store: store, interval: .zero)
        readiness.open()
        var configuration = ClassroomRouter.Configuration(
            allowedOrigins: [], isSecure: false, hostPolicy: HostPolicy(names: []), quizLimits: QuizLimits(), maximumBodyBytes: 1_000_000)
        change(&configuration)
        runtime = ClassroomRuntime(
            io: SocketIO(), store: store, authentication: Tokens(), configuration: runtimeConfiguration,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let router = ClassroomRouter(
            configuration: configuration, store: store, authentication: Tokens(), runtime: runtime, readiness: readiness,
            registry: registry
        ).build()
        routes = router.routes.map { ($0.method, $0.path.description) }
        responder = router.buildResponder()
    }

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var body: String

        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
        }

        var code: String? { (try? json())?["code"] as? String }
        var message: String? { (try? json())?["message"] as? String }
    }

    func call(
        _ method: HTTPRequest.Method, _ path: String, token: String? = nil, from address: String? = nil, headers: HTTPFields = [:],
        body: String = ""
    ) async throws -> Answer {
        let response = try await respond(method, to: path, token: token, from: address, headers: headers, body: body)
        return Answer(status: response.status.code, headers: response.headers, body: try await read(response))
    }

    /// The response, of whose body nothing has been read.
    func respond(
        _ method: HTTPRequest.Method = .get, to path: String, token: String? = nil, from address: String? = nil, headers: HTTPFields = [:],
        body: String = ""
    ) async throws -> Response {
        var fields = headers
        if let token { fields[.authorization] = "Bearer \(token)" }
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: "localhost:3001", path: path, headerFields: fields),
            body: RequestBody(buffer: ByteBuffer(string: body)))
        let channel = EmbeddedChannel()
        if let address { channel.remoteAddress = try SocketAddress(ipAddress: address, port: 1) }
        let context = ClassroomRequestContext(source: .init(channel: channel, logger: Logger(label: "test")))
        return try await responder.respond(to: request, context: context)
    }

    func read(_ response: Response) async throws -> String {
        let collector = Collector()
        try await response.body.write(collector)
        return collector.text
    }

    private final class Collector: ResponseBodyWriter {
        private(set) var text = ""

        func write(_ buffer: ByteBuffer) async throws { text += String(buffer: buffer) }
        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
