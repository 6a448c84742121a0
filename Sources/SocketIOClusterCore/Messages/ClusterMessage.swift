public import NIOCore
public import SocketIOCore

/// A message of Socket.IO's newer adapters: sharded channels, and streams.
public struct ClusterMessage: Sendable, Hashable {
    public enum Body: Sendable, Hashable {
        case initialHeartbeat, heartbeat, adapterClose
        /// - Parameter requestID: with one, acknowledgements come back.
        case broadcast(ClusterPacket, ClusterTarget, requestID: String?)
        case join(ClusterTarget, rooms: [String])
        case leave(ClusterTarget, rooms: [String])
        case disconnect(ClusterTarget, close: Bool)
        case fetchSockets(ClusterTarget, requestID: String)
        case serverSideEmit(ClusterPayload, requestID: String?)
        case socketsFetched([JSONSlice], requestID: String)
        case serverSideEmitAnswered(ClusterPayload, requestID: String)
        case clientCount(Int, requestID: String)
        case acknowledged(ClusterPayload, requestID: String)
    }

    /// The node that sent it: 16 hexadecimal digits.
    public var sender: String
    public var namespace: String
    public var body: Body

    public init(sender: String, namespace: String, body: Body) {
        self.sender = sender
        self.namespace = namespace
        self.body = body
    }

    var type: Int {
        switch self.body {
        case .initialHeartbeat: 1
        case .heartbeat: 2
        case .broadcast: 3
        case .join: 4
        case .leave: 5
        case .disconnect: 6
        case .fetchSockets: 7
        case .socketsFetched: 8
        case .serverSideEmit: 9
        case .serverSideEmitAnswered: 10
        case .clientCount: 11
        case .acknowledged: 12
        case .adapterClose: 13
        }
    }

    var attachments: [ByteBuffer] {
        switch self.body {
        case .broadcast(let packet, _, _): packet.payload.attachments
        case .serverSideEmit(let payload, _), .serverSideEmitAnswered(let payload, _), .acknowledged(let payload, _): payload.attachments
        default: []
        }
    }

    /// Heartbeats carry nothing.
    var hasData: Bool {
        switch self.body {
        case .initialHeartbeat, .heartbeat, .adapterClose: false
        default: true
        }
    }

    // MARK: On a channel

    public init(decoding bytes: ByteBuffer, limits: ClusterLimits = ClusterLimits()) throws(ClusterCodingError) {
        let document = try ClusterDocument(bytes, limits: limits)
        guard let type = document.root["type"]?.int else { throw ClusterCodingError(.unexpectedShape) }
        self.init(
            sender: try document.root.text("uid"), namespace: try document.root.text("nsp"),
            body: try Self.body(type, document.root["data"], in: document))
    }

    /// - Parameter messagePack: always MessagePack, as the streams adapter sends on channels; else JSON where it will do, as the sharded one.
    public func encoded(messagePack: Bool = false) throws(ClusterCodingError) -> ByteBuffer {
        try ClusterDocument.encode(messagePack: messagePack, attachments: self.attachments) { writer in
            writer.beginObject()
            writer.field("type", int: self.type)
            if hasData {
                writer.key("data")
                writeData(to: &writer)
            }
            writer.field("uid", text: self.sender)
            writer.field("nsp", text: self.namespace)
            writer.endObject()
        }
    }

    // MARK: Data

    static func body(_ type: Int, _ data: JSONSlice?, in document: ClusterDocument) throws(ClusterCodingError) -> Body {
        switch type {
        case 1: return .initialHeartbeat
        case 2: return .heartbeat
        case 13: return .adapterClose
        case 3...12: break
        default: throw ClusterCodingError(.unknownMessage)
        }
        guard let data, data.kind == .object else { throw ClusterCodingError(.unexpectedShape) }
        func target() throws(ClusterCodingError) -> ClusterTarget { try ClusterTarget(try data.required("opts")) }
        switch type {
        case 3:
            return .broadcast(
                try ClusterPacket(try data.required("packet"), in: document), try target(), requestID: try data.optionalText("requestId"))
        case 4, 5:
            let rooms = try data.names("rooms", atMost: ClusterLimits.maximumRoomsOfChange)
            return type == 4 ? .join(try target(), rooms: rooms) : .leave(try target(), rooms: rooms)
        case 6: return .disconnect(try target(), close: data["close"]?.bool ?? false)
        case 7: return .fetchSockets(try target(), requestID: try data.text("requestId"))
        case 8:
            guard let sockets = data["sockets"], sockets.kind == .array else { throw ClusterCodingError(.unexpectedShape) }
            return .socketsFetched(sockets.elements, requestID: try data.text("requestId"))
        case 9:
            guard let packet = data["packet"], packet.kind == .array, packet.count > 0 else { throw ClusterCodingError(.unexpectedShape) }
            return .serverSideEmit(document.payload(packet), requestID: try data.optionalText("requestId"))
        case 10:
            return .serverSideEmitAnswered(document.payload(data["packet"] ?? .null), requestID: try data.text("requestId"))
        case 11: return .clientCount(try data.clientCount(), requestID: try data.text("requestId"))
        default: return .acknowledged(document.payload(data["packet"] ?? .null), requestID: try data.text("requestId"))
        }
    }

    func writeData(to writer: inout JSONWriter) {
        writer.beginObject()
        func options(_ target: ClusterTarget) {
            writer.key("opts")
            target.write(to: &writer, withFlags: true)
        }
        switch self.body {
        case .initialHeartbeat, .heartbeat, .adapterClose: break
        case .broadcast(let packet, let target, let requestID):
            writer.key("packet")
            packet.write(to: &writer)
            if let requestID { writer.field("requestId", text: requestID) }
            options(target)
        case .join(let target, let rooms), .leave(let target, let rooms):
            options(target)
            writer.field("rooms", names: rooms)
        case .disconnect(let target, let close):
            options(target)
            writer.field("close", close)
        case .fetchSockets(let target, let requestID):
            options(target)
            writer.field("requestId", text: requestID)
        case .socketsFetched(let sockets, let requestID):
            writer.field("requestId", text: requestID)
            writer.key("sockets")
            writer.beginArray()
            for socket in sockets { writer.raw(socket) }
            writer.endArray()
        case .clientCount(let count, let requestID):
            writer.field("requestId", text: requestID)
            writer.field("clientCount", int: count)
        case .serverSideEmit(let payload, let requestID):
            if let requestID { writer.field("requestId", text: requestID) }
            writer.field("packet", raw: payload.json)
        case .serverSideEmitAnswered(let payload, let requestID), .acknowledged(let payload, let requestID):
            writer.field("requestId", text: requestID)
            writer.field("packet", raw: payload.json)
        }
        writer.endObject()
    }
}

/// The channels of the sharded adapter for one namespace; the streams adapter uses the first two for what is not kept.
public struct ShardedChannels: Sendable, Hashable {
    /// How many channels a node listens to.
    public enum Mode: Sendable, Hashable {
        /// Two for a namespace.
        case `static`
        /// Also one for each room that is no socket's own.
        case dynamic
        /// Also one for each socket's own room.
        case dynamicPrivate
    }

    public let all: String
    private let mode: Mode

    public init(prefix: String = "socket.io", namespace: String = "/", mode: Mode = .dynamic) {
        all = "\(prefix)#\(namespace)#"
        self.mode = mode
    }

    /// What is meant for one node: the answers to its requests.
    public func node(_ sender: String) -> String { "\(all)\(sender)#" }

    public func room(_ room: String) -> String { "\(all)\(room)#" }

    /// Whether a node listens to a channel of a room that somebody here is in.
    public func hasChannel(room: String, isSocketID: Bool) -> Bool {
        switch self.mode {
        case .static: false
        case .dynamic: !isSocketID
        case .dynamicPrivate: true
        }
    }

    /// Where a message goes. A broadcast to one room goes to that room's channel, unless it looks like a socket's own room (20 characters);
    /// one with acknowledgements goes to all, because all are counted.
    public func channel(of message: ClusterMessage) -> String {
        guard case .broadcast(_, let target, requestID: nil) = message.body, target.rooms.count == 1,
            hasChannel(room: target.rooms[0], isSocketID: target.rooms[0].utf16.count == 20)
        else { return all }
        return self.room(target.rooms[0])
    }
}
