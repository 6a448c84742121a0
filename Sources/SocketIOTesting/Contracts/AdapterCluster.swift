import NIOConcurrencyHelpers
import SocketIOCore
import SocketIOServer

/// Servers that an adapter joins, and clients of them.
struct AdapterCluster: Sendable {
    let nodes: [SocketIO]
    private let servers: [TestServer]

    var first: Namespace { nodes[0].of("/") }
    var last: Namespace { nodes[nodes.count - 1].of("/") }

    static func with(_ factories: [AdapterFactory], _ body: (AdapterCluster) async throws -> Void) async throws {
        try await start(factories[...], [], [], body)
    }

    private static func start(
        _ factories: ArraySlice<AdapterFactory>, _ nodes: [SocketIO], _ servers: [TestServer],
        _ body: (AdapterCluster) async throws -> Void
    ) async throws {
        guard let factory = factories.first else {
            // A server that others do not know yet hears nothing of them.
            for namespace in nodes.flatMap({ [$0.of("/"), $0.of("/other")] }) {
                try await eventually("\(nodes.count) servers know each other") {
                    try await namespace.adapter.serverCount() == nodes.count
                }
            }
            return try await body(AdapterCluster(nodes: nodes, servers: servers))
        }
        var configuration = SocketIOConfiguration()
        configuration.adapter = factory
        configuration.recovery = RecoveryLimits()
        let io = SocketIO(configuration: configuration.patient, logger: TestLogging.silent)
        for name in ["/", "/other"] { io.of(name).onConnection(serve) }
        try await withTestServer(io) { server in
            try await start(factories.dropFirst(), nodes + [io], servers + [server], body)
        }
    }

    @Sendable private static func serve(_ socket: ServerSocket) {
        socket.data = "data of \(socket.id)"
        socket.on("enter") { request in
            for room in request.arguments.all { request.socket.join(room.string ?? "") }
            request.acknowledge?()
        }
        socket.on("leave") { request in
            request.socket.leave(request.arguments.first.string ?? "")
            request.acknowledge?()
        }
    }

    // MARK: Clients

    /// A client of the server of that number; counting goes on with the first after the last.
    func connect(_ number: Int, namespace: String = "/") async throws -> TestClient {
        try await servers[number % servers.count].connect { $0.namespace = namespace }
    }

    /// Three clients, on as many servers as there are.
    func three() async throws -> (TestClient, TestClient, TestClient) {
        (try await connect(0), try await connect(1), try await connect(2))
    }

    func oneOnEachServer() async throws -> [TestClient] {
        var clients: [TestClient] = []
        for number in servers.indices { clients.append(try await connect(number)) }
        return clients
    }

    // MARK: Expecting

    /// The names of the events that each client got, after which `sender` says to all that there will be no more.
    func expect(_ expected: KeyValuePairs<TestClient, [String]>, from sender: Namespace? = nil) async throws {
        (sender ?? first).emit("end")
        for (client, names) in expected { try await expect(client, names) }
    }

    /// The names of the events that a client gets before "end".
    func expect(_ client: TestClient, _ expected: [String]) async throws {
        var names: [String] = []
        while names.last != "end" { names.append(try await client.next { _ in true }.name) }
        names.removeLast()
        guard names == expected else { throw AdapterContractViolation("a client got \(names), not \(expected)") }
    }
}

extension TestClient {
    func enter(_ rooms: String...) async throws {
        for room in rooms { _ = try await call("enter", room) }
    }
}

/// The events so far, in their order.
final class Events<Element: Sendable>: Sendable {
    private let elements = NIOLockedValueBox<[Element]>([])
    var all: [Element] { elements.withLockedValue { $0 } }
    func append(_ element: Element) { elements.withLockedValue { $0.append(element) } }
}

/// Asks again until it holds: what it waits for comes from another server.
func eventually(_ what: @autoclosure () -> String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw AdapterContractViolation("not in a minute: \(what())") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
