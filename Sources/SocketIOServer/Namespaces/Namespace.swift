import NIOConcurrencyHelpers
public import SocketIOCore

/// A part of a server with clients, handlers, middleware and rooms of its own, over the same connections: `io.of("/chat")`. A client joins
/// each namespace by itself, with its own `auth`, and is another socket in each. A client that names no namespace joins "/".
///
/// May be used from any thread. Handlers are registered before the server serves; after ``SocketIO/shutdown()`` registering does nothing.
public final class Namespace: Sendable {
    /// Called for each client that joins, in the order of registration. An error refuses the client: a ``ConnectError`` with its own
    /// message, any other as an internal error.
    public typealias Middleware = @Sendable (inout ConnectRequest) async throws -> Void

    /// A middleware that does not wait runs on the client's loop and costs no task.
    enum RegisteredMiddleware: Sendable {
        case immediate(@Sendable (inout ConnectRequest) throws -> Void)
        case asynchronous(Middleware)
    }

    /// The namespace that a client joins if it names none.
    static let mainName = "/"

    /// Begins with a slash.
    public let name: String
    /// Everything that is sent goes through the adapter.
    public let adapter: any Adapter
    let index: NamespaceIndex
    let isMain: Bool
    /// Whether connection state recovery is on.
    let recovers: Bool
    let acknowledgementIDs: AcknowledgementIDs
    /// The parent that made this namespace for a client. Nil if the application made it.
    let parent: ParentNamespace?
    private let handlers: NamespaceHandlers
    private let serverSideHandlers: ServerSideHandlers

    init(
        _ name: String, index: NamespaceIndex, adapter: any Adapter, serverSideHandlers: ServerSideHandlers,
        acknowledgementIDs: AcknowledgementIDs, parent: ParentNamespace?, recovers: Bool
    ) {
        self.name = name
        self.index = index
        isMain = name == Namespace.mainName
        self.adapter = adapter
        self.serverSideHandlers = serverSideHandlers
        self.acknowledgementIDs = acknowledgementIDs
        self.parent = parent
        self.recovers = recovers
        handlers = parent?.handlers.copy() ?? NamespaceHandlers()
    }

    // MARK: Handlers

    /// Called for each new socket, on its loop. Register its handlers there.
    public func onConnection(_ handler: @escaping @Sendable (ServerSocket) -> Void) { handlers.register { $0.connection.append(handler) } }

    /// Called for each event of each socket, on its loop, before the handlers of the socket's own.
    public func onAny(_ handler: @escaping @Sendable (EventRequest) -> Void) { handlers.register { $0.catchAll.append(handler) } }

    /// Adds a middleware that may wait. It runs in a task.
    public func use(_ middleware: @escaping Middleware) { handlers.register { $0.middlewares.append(.asynchronous(middleware)) } }

    /// Adds a middleware that does not wait. It runs on the client's loop.
    public func use(_ middleware: @escaping @Sendable (inout ConnectRequest) throws -> Void) {
        handlers.register { $0.middlewares.append(.immediate(middleware)) }
    }

    /// Called for an event that another server sends with ``serverSideEmit(_:_:)``, on the thread where the adapter reads it.
    public func onServerSide(_ event: String, _ handler: @escaping @Sendable (ServerSideEvent) -> Void) {
        serverSideHandlers.register(event, handler)
    }

    /// Reports every change of this server's rooms, in order and after the change, on some event loop.
    public func onRoomEvent(_ handler: @escaping @Sendable (RoomEvent) -> Void) { adapter.local.onRoomEvent(handler) }

    var middlewares: [RegisteredMiddleware] { handlers.all.middlewares }
    var connectionHandlers: [@Sendable (ServerSocket) -> Void] { handlers.all.connection }
    var catchAllHandlers: [@Sendable (EventRequest) -> Void] { handlers.all.catchAll }

    /// The server ends: releases all handlers.
    func end() {
        handlers.end()
        serverSideHandlers.end()
        adapter.close()
    }

    // MARK: Sending

    /// Chooses all sockets of the namespace, to be narrowed down.
    var everybody: BroadcastOperator { BroadcastOperator(adapter: adapter) }

    /// Chooses the members of these rooms, or the sockets of these ids.
    public func to(_ rooms: String...) -> BroadcastOperator { everybody.to(rooms) }
    public func to(_ rooms: [String]) -> BroadcastOperator { everybody.to(rooms) }
    /// The same as ``to(_:)-(String...)``.
    public func `in`(_ rooms: String...) -> BroadcastOperator { everybody.to(rooms) }
    public func `in`(_ rooms: [String]) -> BroadcastOperator { everybody.to(rooms) }
    /// Chooses everybody but the members of these rooms.
    public func except(_ rooms: String...) -> BroadcastOperator { everybody.except(rooms) }
    public func except(_ rooms: [String]) -> BroadcastOperator { everybody.except(rooms) }
    /// Chooses the sockets of this server only.
    public var local: BroadcastOperator { everybody.local }
    /// Chooses everybody. The event is dropped for a client that has fallen behind.
    public var volatile: BroadcastOperator { everybody.volatile }
    /// Chooses everybody, and sets whether the event may be compressed.
    public func compress(_ isCompressed: Bool) -> BroadcastOperator { everybody.compress(isCompressed) }
    /// Chooses everybody, and sets how long clients may take to answer.
    public func timeout(_ timeout: Duration) -> BroadcastOperator { everybody.timeout(timeout) }

    /// Sends to everybody.
    public func emit(_ event: String, _ arguments: any JSONWritable...) { everybody.send(EventPacket(event, arguments)) }

    /// Sends an event to everybody and waits for their acknowledgements. See ``BroadcastOperator/emitWithAck(_:_:)``.
    public func emitWithAck(_ event: String, _ arguments: any JSONWritable...) async throws -> [BroadcastAnswer] {
        try await everybody.emitWithAck(EventPacket(event, arguments))
    }

    /// Describes all sockets.
    public func fetchSockets() async throws -> [RemoteSocket] { try await everybody.fetchSockets() }
    /// Makes all sockets enter rooms.
    public func socketsJoin(_ rooms: String...) { everybody.socketsJoin(rooms) }
    public func socketsJoin(_ rooms: [String]) { everybody.socketsJoin(rooms) }
    /// Makes all sockets leave rooms.
    public func socketsLeave(_ rooms: String...) { everybody.socketsLeave(rooms) }
    public func socketsLeave(_ rooms: [String]) { everybody.socketsLeave(rooms) }
    /// Ends all sockets.
    public func disconnectSockets(close: Bool = false) { everybody.disconnectSockets(close: close) }

    // MARK: Servers

    /// Sends an event to the other servers of the cluster, where ``onServerSide(_:_:)`` handles it.
    public func serverSideEmit(_ event: String, _ arguments: any JSONWritable...) {
        adapter.serverSideEmit(EventPacket(event, arguments))
    }

    /// Sends an event to the other servers and waits for their answers.
    ///
    /// - Returns: the arguments of each answer, as an array.
    /// - Throws: an error if a server has not answered in time.
    public func serverSideEmitWithAck(
        _ event: String, _ arguments: any JSONWritable..., timeout: Duration = .seconds(5)
    ) async throws -> [JSONSlice] {
        try await adapter.serverSideEmitWithAck(EventPacket(event, arguments), timeout: timeout)
    }
}
