public import Hummingbird
import Logging
public import NIOCore
import ServiceLifecycle
import SocketIOHummingbird
public import SocketIOServer

/// Runs a server on a free port of 127.0.0.1 for as long as `body` runs.
///
///     @Test("a message reaches the other members of the room") func message() async throws {
///         let io = SocketIO()
///         Chat.register(on: io)
///         try await withTestServer(io) { server in
///             let ann = try await server.connect(), ben = try await server.connect()
///             …
///         }
///     }
///
/// - Parameters:
///   - router: routes beside Socket.IO.
///   - body: the test. Its clients are disconnected when it ends, then the server shuts down.
/// - Throws: What `body` throws, or ``TestServerError`` when the server does not start, or the test left something open.
public func withTestServer<Value>(
    _ io: SocketIO, router: Router<BasicRequestContext> = Router(), _ body: (TestServer) async throws -> Value
) async throws -> Value {
    let value = try await withTestServer(
        running: { onServerRunning in
            Application(
                router: router,
                configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0), serverName: nil),
                services: [SocketIOService(io)], onServerRunning: onServerRunning, logger: TestLogging.silent
            ).socketIO(io)
        },
        { server async throws -> Value in
            let result = try await finish(server, of: io, body)
            await server.closeAll()
            // Those of the kit are closed: whatever is open was opened past it.
            let left = await occupancy(of: io) { $0.connections == 0 }.connections
            guard left == 0 else { throw TestServerError.connectionsLeft(left) }
            return result
        })
    try await checkEnd(of: io)
    return value
}

/// Runs a server in this process, without a port, for as long as `body` runs. Clients reach it by pairs of sockets; there are no routes
/// beside Socket.IO, and a handshake's address is empty.
///
/// - Throws: What `body` throws, or ``TestServerError`` when the test left something open.
public func withTestServer<Value>(inProcess io: SocketIO, _ body: (TestServer) async throws -> Value) async throws -> Value {
    let server = TestServer(.sockets(InProcessLink(io: io)))
    let result: Result<Value, any Error>
    do { result = .success(try await finish(server, of: io, body)) } catch { result = .failure(error) }
    await server.closeAll()
    await io.shutdown()
    let value = try result.get()
    try await checkEnd(of: io)
    return value
}

/// Runs a server in this process for as long as `body` runs, over a simulated network, in a time that the test moves. All its connections share
/// one event loop.
///
/// - Throws: What `body` throws, or ``TestServerError`` when the test left something open.
public func withTestServer<Value>(
    simulating io: SocketIO, network: SimulatedNetwork = SimulatedNetwork(), _ body: (TestServer, ManualClock) async throws -> Value
) async throws -> Value {
    let clock = ManualClock()
    let link = try await SimulatedLink(to: io, over: network, clock)
    let server = TestServer(.simulated(link))
    let result: Result<Value, any Error>
    do {
        result = .success(try await finish(server, of: io) { try await body($0, clock) })
    } catch {
        result = .failure(error)
    }
    await server.closeAll()
    await shutDown(io, clock)
    await link.close()
    let value = try result.get()
    try await checkEnd(of: io)
    return value
}

/// Runs a test to its end.
///
/// - Throws: What `body` throws, or ``TestServerError`` when a task of the test still waits for something, or the server for an answer.
private func finish<Value>(_ server: TestServer, of io: SocketIO, _ body: (TestServer) async throws -> Value) async throws -> Value {
    let value = try await body(server)
    let waits = await server.waits()
    guard waits.isEmpty else { throw TestServerError.waitsLeft(waits) }
    let owed = await occupancy(of: io) { $0.acknowledgements == 0 }.acknowledgements
    guard owed == 0 else { throw TestServerError.acknowledgementsLeft(owed) }
    return value
}

/// Looks at a server that has shut down.
private func checkEnd(of io: SocketIO) async throws {
    guard io.statistics.connections == 0 else { throw TestServerError.sessionsLeft(io.statistics.connections) }
    let handlers = await io.occupancy().handlers
    guard handlers == 0 else { throw TestServerError.handlersLeft(handlers) }
}

/// What a server has in use once something is so, or after ``TestEnd/patience``: the end of a connection may be on its way, and so may an answer.
private func occupancy(of io: SocketIO, once isSo: (ServerOccupancy) -> Bool) async -> ServerOccupancy {
    let end = ContinuousClock.now + TestEnd.patience
    while true {
        let occupancy = await io.occupancy()
        if isSo(occupancy) || ContinuousClock.now >= end { return occupancy }
        guard (try? await Task.sleep(for: .milliseconds(1))) != nil else { return occupancy }
    }
}

/// The end of a test.
package enum TestEnd {
    /// How long it waits for what is on its way to the server.
    @TaskLocal package static var patience: Duration = .seconds(10)
}

/// Lets time pass while the server waits for its handlers: one that never ends is given up, as it is elsewhere.
private func shutDown(_ io: SocketIO, _ clock: ManualClock) async {
    await withTaskGroup { group in
        group.addTask { await io.shutdown() }
        group.addTask {
            while (try? await Task.sleep(for: .milliseconds(100))) != nil { await clock.advance(by: .seconds(1)) }
        }
        await group.next()
        group.cancelAll()
    }
}

/// Runs an application of the test's own for as long as `body` runs.
///
/// - Parameter makeApplication: gets what the application has to call when it is running. It should listen on port 0.
public func withTestServer<Value>(
    running makeApplication: (_ onServerRunning: @escaping @Sendable (any Channel) async -> Void) async throws -> some ApplicationProtocol,
    _ body: (TestServer) async throws -> Value
) async throws -> Value {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let application = try await makeApplication { channel in
        continuation.yield(channel.localAddress?.port ?? 0)
    }
    let services = ServiceGroup(configuration: .init(services: [application], logger: TestLogging.silent))
    async let running: Void = {
        defer { continuation.finish() }
        try await services.run()
    }()
    guard let port = await ports.first(where: { _ in true }) else {
        try await running
        throw TestServerError.notStarted
    }
    let server = TestServer(host: "127.0.0.1", port: port)
    let result: Result<Value, any Error>
    do { result = .success(try await body(server)) } catch { result = .failure(error) }
    await server.closeAll()
    await services.triggerGracefulShutdown()
    try await running
    return try result.get()
}

/// Why a server for a test is of no use, or what the test left open.
public enum TestServerError: Error, Sendable, Hashable {
    /// It ended before it listened.
    case notStarted
    /// Sessions that were still open when it had shut down.
    case sessionsLeft(Int)
    /// TCP connections that the test opened past its ``TestServer`` and did not close.
    case connectionsLeft(Int)
    /// Acknowledgements that the server still awaited: each has a timer, and code that it has yet to call.
    case acknowledgementsLeft(Int)
    /// What tasks that the test started still waited for.
    case waitsLeft([String])
    /// Asynchronous handlers that had not ended although they were cancelled.
    case handlersLeft(Int)
}

extension SocketIOConfiguration {
    /// The same, with ten minutes for each deadline that was left as it is by default.
    ///
    /// On a busy machine a test's client may take long until it comes to read or write. A test that is about a deadline sets its own, and
    /// keeps it.
    public var patient: SocketIOConfiguration {
        let usual = SocketIOConfiguration()
        var patient = self
        let deadlines: [WritableKeyPath<SocketIOConfiguration, Duration>] = [
            \.pingInterval, \.pingTimeout, \.connectTimeout, \.upgradeTimeout, \.pollingCloseTimeout, \.messageTimeout, \.requestTimeout,
            \.responseStallTimeout,
        ]
        for deadline in deadlines where self[keyPath: deadline] == usual[keyPath: deadline] { patient[keyPath: deadline] = .seconds(600) }
        return patient
    }
}

enum TestLogging {
    /// A test speaks through its expectations.
    static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}
