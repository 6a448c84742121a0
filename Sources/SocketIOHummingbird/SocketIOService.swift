public import ServiceLifecycle
public import SocketIOServer

/// Closes the sessions of a server when its application shuts down: `Application(…, services: [SocketIOService(io)])`. Without it the
/// connections are closed all the same, but sessions that poll end by their time-out only.
public struct SocketIOService: Service {
    private let io: SocketIO

    public init(_ io: SocketIO) { self.io = io }
    public init(_ engine: EngineIO) { io = engine.server }

    public func run() async throws {
        try? await gracefulShutdown()
        await io.shutdown()
    }
}
