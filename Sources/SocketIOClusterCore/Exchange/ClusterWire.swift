public import NIOCore
public import RedisCore

/// How the nodes of one of Node's adapters reach each other: on which channels, and how their messages are encoded there.
public protocol ClusterWire: Sendable {
    /// This node's name among the others.
    var sender: String { get }
    /// What this node listens to from its start to its end. The last one is what ``serverCount`` counts: a node that is counted hears all.
    var subscriptions: [RedisSubscription] { get }
    /// Asks how many nodes there are. The reply is an array of a channel and a number.
    var serverCount: RedisCommand { get }

    /// The command that tells the other nodes something.
    func publication(of body: ClusterMessage.Body) throws(ClusterCodingError) -> RedisCommand
    /// The command that answers one node.
    ///
    /// - Parameter requester: nil: it did not say its name.
    func answer(_ body: ClusterMessage.Body, to requester: String?) throws(ClusterCodingError) -> RedisCommand

    /// Reads what arrived on a channel.
    ///
    /// - Parameter hasRoom: whether a socket of this node may be in a room: what is for another one need not be decoded.
    /// - Returns: nil: this node's own, or for nobody here.
    func read(
        channel: String, _ payload: ByteBuffer, limits: ClusterLimits, hasRoom: (String) -> Bool
    ) throws(ClusterCodingError) -> ClusterInput?

    /// All nodes read what is published from one stream, in one order, and this one its own messages too.
    var hasStream: Bool { get }
    /// What this node listens to because its sockets are in a room; nil: nothing.
    func subscription(toRoom room: String, isSocketID: Bool) -> RedisSubscription?
}

extension ClusterWire {
    public var hasStream: Bool { false }
    public func subscription(toRoom room: String, isSocketID: Bool) -> RedisSubscription? { nil }
}

/// What a node hears from another one.
public enum ClusterInput: Sendable, Hashable {
    /// - Parameter sender: nil: it did not say its name, as the emitter does for some messages.
    case message(ClusterMessage.Body, sender: String?)
    /// Asks for the ids of sockets in rooms. Only the classic adapter has it.
    case socketIDsWanted(rooms: [String], requestID: String, sender: String?)
    /// Asks for the names of all rooms. Only the classic adapter has it.
    case roomsWanted(requestID: String, sender: String?)
}

/// The channels and encodings of `@socket.io/redis-adapter`: broadcasts as MessagePack, requests and most answers as JSON.
public struct ClassicWire: ClusterWire {
    public let sender: String
    public let channels: ClassicChannels
    private let namespace: String
    /// How a broadcast of this node begins.
    private let ownBeginning: [UInt8]

    /// - Parameter sender: 6 characters, as in Node.
    public init(sender: String, key: String = "socket.io", namespace: String) {
        self.sender = sender
        channels = ClassicChannels(key: key, namespace: namespace)
        self.namespace = namespace
        ownBeginning = [0x93, 0xA0 | UInt8(truncatingIfNeeded: min(sender.utf8.count, 31))] + sender.utf8
    }

    public var subscriptions: [RedisSubscription] {
        [
            .pattern(channels.broadcastPattern), .channel(channels.response), .channel(channels.response(to: self.sender)),
            .channel(channels.request),
        ]
    }

    public var serverCount: RedisCommand { RedisCommand("PUBSUB", "NUMSUB", .text(channels.request)) }

    // MARK: Writing

    public func publication(of body: ClusterMessage.Body) throws(ClusterCodingError) -> RedisCommand {
        if case .broadcast(var packet, let target, requestID: nil) = body {
            packet.namespace = self.namespace
            let message = ClassicBroadcast(sender: self.sender, packet: packet, target: target)
            return RedisCommand("PUBLISH", .text(channels.broadcast(to: target)), .bytes(try message.encoded()))
        }
        let (request, id): (ClassicRequest.Body, String?) =
            switch body {
            case .broadcast(let packet, let target, let id):
                (.broadcast(ClusterPacket(payload: packet.payload, namespace: self.namespace), target), id)
            case .join(let target, let rooms): (.join(target, rooms: rooms), nil)
            case .leave(let target, let rooms): (.leave(target, rooms: rooms), nil)
            case .disconnect(let target, let close): (.disconnect(target, close: close), nil)
            case .fetchSockets(let target, let id): (.fetchSockets(target), id)
            case .serverSideEmit(let payload, let id): (.serverSideEmit(payload), id)
            default: throw ClusterCodingError(.unknownMessage)
            }
        let message = ClassicRequest(sender: self.sender, requestID: id, body: request)
        return RedisCommand("PUBLISH", .text(channels.request), .bytes(try message.encoded()))
    }

    public func answer(_ body: ClusterMessage.Body, to requester: String?) throws(ClusterCodingError) -> RedisCommand {
        switch body {
        case .socketsFetched(let sockets, let id): try answer(.sockets(sockets), to: id, of: requester)
        case .serverSideEmitAnswered(let payload, let id): try answer(.serverSideEmit(payload), to: id, of: requester)
        case .clientCount(let count, let id): try answer(.clientCount(count), to: id, of: requester)
        case .acknowledged(let payload, let id): try answer(.acknowledgement(payload), to: id, of: requester)
        default: throw ClusterCodingError(.unknownMessage)
        }
    }

    /// Answers a request that only this adapter has, or any other.
    public func answer(
        _ body: ClassicResponse.Body, to requestID: String, of requester: String?
    ) throws(ClusterCodingError) -> RedisCommand {
        let channel = requester.map(channels.response(to:)) ?? channels.response
        return RedisCommand("PUBLISH", .text(channel), .bytes(try ClassicResponse(requestID: requestID, body: body).encoded()))
    }

    // MARK: Reading

    public func read(
        channel: String, _ payload: ByteBuffer, limits: ClusterLimits, hasRoom: (String) -> Bool
    ) throws(ClusterCodingError) -> ClusterInput? {
        guard channel.utf8.count <= 2 * ClusterLimits.maximumNameBytes else { throw ClusterCodingError(.tooLong) }
        if channel == channels.request { return try self.request(payload, limits) }
        if channel.hasPrefix(channels.response) { return try self.response(payload, limits) }
        guard let room = channels.room(of: channel), !payload.readableBytesView.starts(with: ownBeginning) else { return nil }
        if let room, !hasRoom(room) { return nil }
        let message = try ClassicBroadcast(decoding: payload, limits: limits)
        guard message.packet.namespace == self.namespace, message.sender != self.sender else { return nil }
        return .message(.broadcast(message.packet, message.target, requestID: nil), sender: message.sender)
    }

    private func request(_ payload: ByteBuffer, _ limits: ClusterLimits) throws(ClusterCodingError) -> ClusterInput? {
        let request = try ClassicRequest(decoding: payload, limits: limits)
        guard request.sender != self.sender else { return nil }
        func id() throws(ClusterCodingError) -> String {
            guard let id = request.requestID else { throw ClusterCodingError(.unexpectedShape) }
            return id
        }
        let body: ClusterMessage.Body
        switch request.body {
        case .sockets(let rooms): return .socketIDsWanted(rooms: rooms, requestID: try id(), sender: request.sender)
        case .allRooms: return .roomsWanted(requestID: try id(), sender: request.sender)
        case .join(let target, let rooms): body = .join(target, rooms: rooms)
        case .leave(let target, let rooms): body = .leave(target, rooms: rooms)
        case .disconnect(let target, let close): body = .disconnect(target, close: close)
        case .fetchSockets(let target): body = .fetchSockets(target, requestID: try id())
        case .serverSideEmit(let payload): body = .serverSideEmit(payload, requestID: request.requestID)
        case .broadcast(let packet, let target): body = .broadcast(packet, target, requestID: try id())
        }
        return .message(body, sender: request.sender)
    }

    private func response(_ payload: ByteBuffer, _ limits: ClusterLimits) throws(ClusterCodingError) -> ClusterInput? {
        let response = try ClassicResponse(decoding: payload, limits: limits)
        let id = response.requestID
        switch response.body {
        case .sockets(let sockets): return .message(.socketsFetched(sockets, requestID: id), sender: nil)
        case .serverSideEmit(let payload): return .message(.serverSideEmitAnswered(payload, requestID: id), sender: nil)
        case .clientCount(let count): return .message(.clientCount(count, requestID: id), sender: nil)
        case .acknowledgement(let payload): return .message(.acknowledged(payload, requestID: id), sender: nil)
        case .rooms, .done: return nil
        }
    }
}

/// The channels and encodings of the sharded adapter: JSON, and MessagePack for what holds binary values.
public struct ShardedWire: ClusterWire {
    public let sender: String
    private let channels: ShardedChannels
    private let namespace: String

    /// - Parameter sender: 16 hexadecimal digits, as in Node.
    public init(sender: String, prefix: String = "socket.io", namespace: String, mode: ShardedChannels.Mode = .dynamic) {
        self.sender = sender
        self.namespace = namespace
        channels = ShardedChannels(prefix: prefix, namespace: namespace, mode: mode)
    }

    public var subscriptions: [RedisSubscription] { [.shard(channels.node(self.sender)), .shard(channels.all)] }
    public var serverCount: RedisCommand { RedisCommand("PUBSUB", "SHARDNUMSUB", .text(channels.all)) }

    public func publication(of body: ClusterMessage.Body) throws(ClusterCodingError) -> RedisCommand {
        let message = ClusterMessage(sender: self.sender, namespace: self.namespace, body: body)
        return RedisCommand("SPUBLISH", .text(channels.channel(of: message)), .bytes(try message.encoded()))
    }

    public func answer(_ body: ClusterMessage.Body, to requester: String?) throws(ClusterCodingError) -> RedisCommand {
        guard let requester else { throw ClusterCodingError(.unexpectedShape) }
        let message = ClusterMessage(sender: self.sender, namespace: self.namespace, body: body)
        return RedisCommand("SPUBLISH", .text(channels.node(requester)), .bytes(try message.encoded()))
    }

    public func read(
        channel: String, _ payload: ByteBuffer, limits: ClusterLimits, hasRoom: (String) -> Bool
    ) throws(ClusterCodingError) -> ClusterInput? {
        let message = try ClusterMessage(decoding: payload, limits: limits)
        guard message.sender != self.sender, message.namespace == self.namespace else { return nil }
        return .message(message.body, sender: message.sender)
    }

    public func subscription(toRoom room: String, isSocketID: Bool) -> RedisSubscription? {
        channels.hasChannel(room: room, isSocketID: isSocketID) ? .shard(channels.room(room)) : nil
    }
}

/// The stream and the channels of `@socket.io/redis-streams-adapter`: what is kept is an entry of a stream, what nobody needs later and all
/// answers are MessagePack on channels.
public struct StreamsWire: ClusterWire {
    public let sender: String
    /// The name of the namespace's stream.
    public let stream: String
    private let channels: ShardedChannels
    private let namespace: String
    private let maximumLength: Int

    /// - Parameters:
    ///   - sender: 16 hexadecimal digits, as in Node.
    ///   - maximumLength: about so many entries are kept.
    public init(sender: String, prefix: String = "socket.io", namespace: String, stream: String = "socket.io", maximumLength: Int = 10_000)
    {
        self.sender = sender
        self.namespace = namespace
        self.stream = stream
        self.maximumLength = maximumLength
        channels = ShardedChannels(prefix: prefix, namespace: namespace, mode: .static)
    }

    public var hasStream: Bool { true }
    public var subscriptions: [RedisSubscription] { [.channel(channels.node(self.sender)), .channel(channels.all)] }
    public var serverCount: RedisCommand { RedisCommand("PUBSUB", "NUMSUB", .text(channels.all)) }

    private func message(_ body: ClusterMessage.Body) -> ClusterMessage {
        ClusterMessage(sender: self.sender, namespace: self.namespace, body: body)
    }

    public func publication(of body: ClusterMessage.Body) throws(ClusterCodingError) -> RedisCommand {
        let message = self.message(body)
        if message.isEphemeral {
            return RedisCommand("PUBLISH", .text(channels.all), .bytes(try message.encoded(messagePack: true)))
        }
        return RedisCommand.addToStream(self.stream, try message.streamFields(), maximumLength: self.maximumLength)
    }

    public func answer(_ body: ClusterMessage.Body, to requester: String?) throws(ClusterCodingError) -> RedisCommand {
        guard let requester else { throw ClusterCodingError(.unexpectedShape) }
        return RedisCommand("PUBLISH", .text(channels.node(requester)), .bytes(try self.message(body).encoded(messagePack: true)))
    }

    public func read(
        channel: String, _ payload: ByteBuffer, limits: ClusterLimits, hasRoom: (String) -> Bool
    ) throws(ClusterCodingError) -> ClusterInput? {
        let message = try ClusterMessage(decoding: payload, limits: limits)
        guard message.sender != self.sender, message.namespace == self.namespace else { return nil }
        return .message(message.body, sender: message.sender)
    }
}
