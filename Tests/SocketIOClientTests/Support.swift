import EngineIOCore
import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import SocketIOClient

/// A server with the events that the tests send.
func makeServer(_ configure: (inout SocketIOConfiguration) -> Void = { _ in }) -> SocketIO {
    var configuration = SocketIOConfiguration()
    configure(&configuration)
    let io = SocketIO(configuration: configuration.patient)
    io.onConnection { socket in
        socket.on("echo") { request in
            if let acknowledge = request.acknowledge {
                acknowledge(request.arguments)
            } else {
                request.socket.emit("echo", request.arguments)
            }
        }
        socket.on("silent") { _ in }
        socket.on("kick") { $0.socket.disconnect() }
        socket.on("crash") { $0.socket.disconnect(close: true) }
    }
    return io
}

extension TestServer {
    /// How a client reaches this server.
    func client(
        _ transports: EngineClientSession.Transports = .webSocket, namespace: String = "/",
        _ configure: (inout SocketIOClientConfiguration) -> Void = { _ in }
    ) throws -> SocketIOClientConfiguration {
        var configuration = try SocketIOClientConfiguration("http://\(host):\(port)\(namespace)")
        configuration.connection.transports = transports
        // Longer than any machine needs: a test that is about a time sets its own.
        configuration.acknowledgementTimeout = .seconds(120)
        configuration.connection.timeout = .seconds(120)
        configuration.connection.closeTimeout = .seconds(120)
        configure(&configuration)
        return configuration
    }
}

/// A clock whose sleeps end at once, and which remembers how long they would have been.
final class InstantClock: Clock, Sendable {
    typealias Instant = ContinuousClock.Instant
    private let slept = NIOLockedValueBox<[Duration]>([])
    private let start = ContinuousClock.now

    var sleeps: [Duration] { slept.withLockedValue { $0 } }
    var now: Instant { start.advanced(by: sleeps.reduce(.zero, +)) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let duration = now.duration(to: deadline)
        slept.withLockedValue { $0.append(duration) }
    }
}
