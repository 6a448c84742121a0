import EngineIOCore
public import Logging
import NIOConcurrencyHelpers
public import NIOCore

/// An Engine.IO server without Socket.IO above it: sessions that exchange messages over polling, a WebSocket, or one after the other.
///
///     var configuration = SocketIOConfiguration()
///     configuration.path = "/engine.io/"
///     let engine = EngineIO(configuration: configuration)
///     engine.onConnection { socket in
///         socket.onMessage { message in socket.send(message) }
///     }
///
/// It uses the parts of the configuration that concern connections and transports.
public final class EngineIO: Sendable {
    package let server: SocketIO
    private let handlers = EngineHandlers()

    public init(configuration: SocketIOConfiguration, logger: Logger = Logger(label: "engine.io")) {
        server = SocketIO(configuration: configuration, logger: logger, engineHandlers: handlers)
    }

    /// Called for each new session, on its loop. Register its handlers there.
    public func onConnection(_ handler: @escaping @Sendable (EngineSocket) -> Void) { handlers.append(handler) }

    public var statistics: SocketIOStatistics { server.statistics }

    /// Closes every session and lets go of all handlers. See ``SocketIO/shutdown()``.
    public func shutdown() async { await server.shutdown() }
}

/// A message of an Engine.IO session.
public enum EngineMessage: Sendable, Hashable {
    /// UTF-8.
    case text(ByteBuffer)
    case binary(ByteBuffer)
}

/// A session of a bare Engine.IO server. Bound to its event loop: handlers run there and may use it freely.
public final class EngineSocket {
    public let id: String
    public let handshake: Handshake
    public let eventLoop: any EventLoop
    /// Nil after the session has ended.
    private var connection: EngineConnection?
    private var messageHandler: ((EngineMessage) -> Void)?
    private var closeHandler: ((DisconnectReason) -> Void)?

    init(_ connection: EngineConnection) {
        id = connection.sid.description
        handshake = connection.handshake
        eventLoop = connection.shard.loop
        self.connection = connection
    }

    public var isOpen: Bool { connection?.isOpen ?? false }

    /// Handles each message. A later handler replaces an earlier one.
    public func onMessage(_ handler: @escaping (EngineMessage) -> Void) {
        let replaced = messageHandler
        if isOpen { messageHandler = handler }
        // Released when no property of the socket is being changed: its deinitialisation may call back.
        withExtendedLifetime(replaced) {}
    }

    /// Called once, when the session has ended. A later handler replaces an earlier one.
    public func onClose(_ handler: @escaping (DisconnectReason) -> Void) {
        let replaced = closeHandler
        if isOpen { closeHandler = handler }
        withExtendedLifetime(replaced) {}
    }

    /// Sends a message. After the end of the session nothing is sent.
    public func send(_ message: EngineMessage) {
        switch message {
        case .text(let text): connection?.sendMessage { $0.writeImmutableBuffer(text) }
        case .binary(let bytes): connection?.send(attachments: [bytes])
        }
    }

    public func send(_ text: String) { connection?.sendMessage { $0.writeString(text) } }

    /// Ends the session once the client has got the queued messages.
    public func close() { connection?.closeAfterFlush() }

    func begin(_ io: SocketIO) {
        for handler in io.engineHandlers?.all ?? [] where isOpen { handler(self) }
    }

    func receive(_ message: EngineMessage) { messageHandler?(message) }

    func end(_ reason: DisconnectReason) {
        let dropped = (messageHandler, closeHandler, connection)
        messageHandler = nil
        closeHandler = nil
        connection = nil
        dropped.1?(reason)
        withExtendedLifetime(dropped) {}
    }
}

/// The handlers of a bare Engine.IO server. It has no reference to the server, so there is no cycle.
final class EngineHandlers: Sendable {
    /// Nil after the server has ended.
    private let handlers = NIOLockedValueBox<[@Sendable (EngineSocket) -> Void]?>([])

    var all: [@Sendable (EngineSocket) -> Void] { handlers.withLockedValue { $0 ?? [] } }

    func append(_ handler: @escaping @Sendable (EngineSocket) -> Void) { handlers.withLockedValue { $0?.append(handler) } }

    func end() {
        let dropped = handlers.withLockedValue { handlers in
            let dropped = handlers
            handlers = nil
            return dropped
        }
        // Released outside the lock: their deinitialisation may call back.
        withExtendedLifetime(dropped) {}
    }
}
