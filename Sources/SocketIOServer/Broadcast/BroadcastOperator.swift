public import SocketIOCore

/// Chooses sockets of a namespace, then sends to them, or changes them. May be used from any thread; all members of a room see its
/// broadcasts in one order.
public struct BroadcastOperator: Sendable {
    let adapter: any Adapter
    private(set) var options: BroadcastOptions
    /// Whether rooms were chosen. If they were, an empty list means nobody and not everybody.
    private var hasRooms = false

    init(adapter: any Adapter, options: BroadcastOptions = BroadcastOptions()) {
        self.adapter = adapter
        self.options = options
        hasRooms = !options.rooms.isEmpty
    }

    private func with(_ change: (inout BroadcastOperator) -> Void) -> BroadcastOperator {
        var copy = self
        change(&copy)
        return copy
    }

    /// The names that a room or a socket may have. Others have no members, on no server.
    private func short(_ names: [String]) -> [String] {
        let maximum = adapter.local.maximumNameBytes
        return names.allSatisfy { $0.utf8.count <= maximum } ? names : names.filter { $0.utf8.count <= maximum }
    }

    // MARK: Choosing

    /// Adds rooms, or sockets by their ids. A socket that is in several of the rooms is reached once. A name that is too long for a room
    /// (``SocketIOConfiguration/maximumRoomNameBytes``) stands for a room without members. Names are compared by their bytes.
    public func to(_ rooms: String...) -> BroadcastOperator { to(rooms) }

    /// Adds rooms. Without any, and without others before or after it, nobody is chosen.
    public func to(_ rooms: [String]) -> BroadcastOperator {
        with {
            $0.options.rooms += short(rooms)
            $0.hasRooms = true
        }
    }

    /// The same as ``to(_:)-(String...)``.
    public func `in`(_ rooms: String...) -> BroadcastOperator { to(rooms) }
    public func `in`(_ rooms: [String]) -> BroadcastOperator { to(rooms) }

    /// The members of these rooms, or these sockets, are left out.
    public func except(_ rooms: String...) -> BroadcastOperator { except(rooms) }
    public func except(_ rooms: [String]) -> BroadcastOperator { with { $0.options.except += short(rooms) } }

    /// Only sockets of this server.
    public var local: BroadcastOperator { with { $0.options.flags.isLocal = true } }

    /// The event is dropped for a client that has fallen behind.
    public var volatile: BroadcastOperator { with { $0.options.flags.isVolatile = true } }

    /// Whether the event may be compressed.
    public func compress(_ isCompressed: Bool) -> BroadcastOperator { with { $0.options.flags.compress = isCompressed } }

    /// How long clients may take to answer.
    public func timeout(_ timeout: Duration) -> BroadcastOperator { with { $0.options.flags.timeout = timeout } }

    // MARK: Acting

    var isNobody: Bool { hasRooms && options.rooms.isEmpty }

    /// Encodes the event once and sends it to all who were chosen.
    public func emit(_ event: String, _ arguments: any JSONWritable...) { send(EventPacket(event, arguments)) }

    /// Sends arguments as they were received, attachments included: no value is parsed.
    public func emit(_ event: String, _ arguments: Arguments) { send(EventPacket(event, arguments)) }

    func send(_ packet: consuming EventPacket) {
        if !isNobody { adapter.broadcast(packet, to: options) }
    }

    /// Makes the sockets enter rooms.
    public func socketsJoin(_ rooms: String...) { socketsJoin(rooms) }
    public func socketsJoin(_ rooms: [String]) { if !isNobody { adapter.addSockets(options, to: rooms) } }

    /// Makes the sockets leave rooms.
    public func socketsLeave(_ rooms: String...) { socketsLeave(rooms) }
    public func socketsLeave(_ rooms: [String]) { if !isNobody { adapter.delSockets(options, from: rooms) } }

    /// Ends the sockets.
    ///
    /// - Parameter close: also ends the connections below them.
    public func disconnectSockets(close: Bool = false) { if !isNobody { adapter.disconnectSockets(options, close: close) } }

    /// Describes the sockets, in no particular order.
    ///
    /// - Throws: the adapter's error, for example if another server does not answer in time.
    public func fetchSockets() async throws -> [RemoteSocket] {
        guard !isNobody else { return [] }
        let adapter = adapter
        return try await adapter.fetchSockets(options).map { RemoteSocket($0, adapter) }
    }
}

/// A snapshot of a socket of this or another server.
public struct RemoteSocket: Sendable {
    private let socket: SocketDescription
    /// Chooses this socket alone.
    private let target: BroadcastOperator

    init(_ socket: SocketDescription, _ adapter: any Adapter) {
        self.socket = socket
        target = BroadcastOperator(adapter: adapter, options: BroadcastOptions(rooms: [socket.id]))
    }

    public var id: String { socket.id }
    public var handshake: Handshake { socket.handshake }
    /// The rooms it was in, its own id among them.
    public var rooms: Set<String> { socket.rooms }
    /// The socket's ``ServerSocket/data``. For another server's socket it is a `JSONSlice`.
    public var data: (any Sendable)? { socket.data }
    /// ``data`` as a type of the application. Nil if there is none, or if it has another type.
    public func data<Value: Sendable>(as type: Value.Type = Value.self) -> Value? { socket.data as? Value }

    public func emit(_ event: String, _ arguments: any JSONWritable...) { target.send(EventPacket(event, arguments)) }

    /// Sends an event and waits for the acknowledgement.
    ///
    /// - Throws: ``MissingAcknowledgements`` if the answer does not come in time or the socket has gone; its acknowledgement is missing then.
    ///   What the adapter throws, or `CancellationError`.
    public func emitWithAck(
        _ event: String, _ arguments: any JSONWritable..., timeout: Duration = .seconds(10)
    ) async throws -> BroadcastAnswer {
        let answers = try await target.timeout(timeout).emitWithAck(EventPacket(event, arguments))
        guard let answer = answers.first else { throw MissingAcknowledgements(answers: [], missing: 1) }
        return answer
    }

    public func join(_ rooms: String...) { target.socketsJoin(rooms) }
    public func join(_ rooms: [String]) { target.socketsJoin(rooms) }
    public func leave(_ rooms: String...) { target.socketsLeave(rooms) }
    public func disconnect(close: Bool = false) { target.disconnectSockets(close: close) }
}
