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
/// - Throws: What `body` throws, or ``TestServerError`` when the server does not start, or a session outlives its shutdown.
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
        }, body)
    guard io.statistics.connections == 0 else { throw TestServerError.sessionsLeft(io.statistics.connections) }
    return value
}

/// Runs a server in this process, without a port, for as long as `body` runs. Clients reach it by pairs of sockets; there are no routes
/// beside Socket.IO, and a handshake's address is empty.
///
/// - Throws: What `body` throws, or ``TestServerError`` when a session outlives the server's shutdown.
public func withTestServer<Value>(inProcess io: SocketIO, _ body: (TestServer) async throws -> Value) async throws -> Value {
    let server = TestServer(.sockets(InProcessLink(io: io)))
    let result: Result<Value, any Error>
    do { result = .success(try await body(server)) } catch { result = .failure(error) }
    await server.closeAll()
    await io.shutdown()
    let value = try result.get()
    guard io.statistics.connections == 0 else { throw TestServerError.sessionsLeft(io.statistics.connections) }
    return value
}

/// Runs a server in this process for as long as `body` runs, over a simulated network, in a time that the test moves. All its connections share
/// one event loop.
///
/// - Throws: What `body` throws, or ``TestServerError`` when a session outlives the server's shutdown.
public func withTestServer<Value>(
    simulating io: SocketIO, network: SimulatedNetwork = SimulatedNetwork(), _ body: (TestServer, ManualClock) async throws -> Value
) async throws -> Value {
    let clock = ManualClock()
    let link = try await SimulatedLink(to: io, over: network, clock)
    let server = TestServer(.simulated(link))
    let result: Result<Value, any Error>
    do { result = .success(try await body(server, clock)) } catch { result = .failure(error) }
    await server.closeAll()
    await shutDown(io, clock)
    await link.close()
    let value = try result.get()
    guard io.statistics.connections == 0 else { throw TestServerError.sessionsLeft(io.statistics.connections) }
    return value
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

/// Why a server for a test is of no use.
public enum TestServerError: Error, Sendable {
    /// It ended before it listened.
    case notStarted
    /// Sessions that were still open when it had shut down.
    case sessionsLeft(Int)
}

enum TestLogging {
    /// A test speaks through its expectations.
    static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}
