public import NIOCore
public import SocketIOCore

/// The channels of `@socket.io/redis-adapter` for one namespace.
public struct ClassicChannels: Sendable, Hashable {
    /// Broadcasts to everybody, or to several rooms.
    public let broadcast: String
    /// What a node listens to, to hear all broadcasts.
    public let broadcastPattern: String
    public let request: String
    public let response: String

    /// - Parameter key: the option `key` of the nodes.
    public init(key: String = "socket.io", namespace: String = "/") {
        self.broadcast = "\(key)#\(namespace)#"
        // The namespace is no pattern: a dynamic one may hold the characters that are special in one.
        broadcastPattern = ClassicChannels.escaped("\(key)#\(namespace)#") + "*"
        request = "\(key)-request#\(namespace)#"
        response = "\(key)-response#\(namespace)#"
    }

    /// Where a broadcast to exactly one room goes: nodes without that room need not read it.
    public func room(_ room: String) -> String { "\(self.broadcast)\(room)#" }

    public func broadcast(to target: ClusterTarget) -> String {
        target.rooms.count == 1 ? self.room(target.rooms[0]) : self.broadcast
    }

    /// The answers to one node.
    public func response(to node: String) -> String { "\(response)\(node)#" }

    /// The room that a broadcast's channel names; nil: none, it is for more than one. An outer nil: not a channel of ours.
    public func room(of channel: String) -> String?? {
        guard channel.hasPrefix(self.broadcast) else { return nil }
        let rest = channel.dropFirst(self.broadcast.count).dropLast()
        return .some(rest.isEmpty ? nil : String(rest))
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { $0 += "*?[]\\^".contains($1) ? "\\\($1)" : String($1) }
    }
}

/// A broadcast on a channel of the classic adapter, and of the emitter, whose sender is `emitter`.
public struct ClassicBroadcast: Sendable, Hashable {
    /// The node that sent it; it ignores its own.
    public var sender: String
    public var packet: ClusterPacket
    public var target: ClusterTarget

    public init(sender: String, packet: ClusterPacket, target: ClusterTarget) {
        self.sender = sender
        self.packet = packet
        self.target = target
    }

    /// Reads `[sender, packet, options]`. A packet without a namespace belongs to "/".
    public init(decoding bytes: ByteBuffer, limits: ClusterLimits = ClusterLimits()) throws(ClusterCodingError) {
        let document = try ClusterDocument(messagePack: bytes, limits: limits)
        let parts = document.root.elements
        guard parts.count >= 3, parts[0].kind == .string else { throw ClusterCodingError(.unexpectedShape) }
        let sender = try parts[0].name()
        var packet = try ClusterPacket(parts[1], in: document)
        packet.namespace = packet.namespace ?? "/"
        self.init(sender: sender, packet: packet, target: try ClusterTarget(parts[2]))
    }

    public func encoded() throws(ClusterCodingError) -> ByteBuffer {
        try ClusterDocument.encode(messagePack: true, attachments: self.packet.payload.attachments) { writer in
            writer.beginArray()
            writer.string(self.sender)
            self.packet.write(to: &writer)
            self.target.write(to: &writer, withFlags: true)
            writer.endArray()
        }
    }
}

/// A request between nodes of the classic adapter.
public struct ClassicRequest: Sendable, Hashable {
    public enum Body: Sendable, Hashable {
        /// Ids of the sockets in rooms.
        case sockets(rooms: [String])
        case allRooms
        case join(ClusterTarget, rooms: [String])
        case leave(ClusterTarget, rooms: [String])
        case disconnect(ClusterTarget, close: Bool)
        case fetchSockets(ClusterTarget)
        case serverSideEmit(ClusterPayload)
        /// A broadcast whose acknowledgements come back.
        case broadcast(ClusterPacket, ClusterTarget)
    }

    /// The node that asks; the emitter names none in some requests.
    public var sender: String?
    /// nil: no answer is wanted.
    public var requestID: String?
    public var body: Body

    public init(sender: String?, requestID: String? = nil, body: Body) {
        self.sender = sender
        self.requestID = requestID
        self.body = body
    }

    public init(decoding bytes: ByteBuffer, limits: ClusterLimits = ClusterLimits()) throws(ClusterCodingError) {
        let document = try ClusterDocument(bytes, limits: limits)
        let root = document.root
        func target() throws(ClusterCodingError) -> ClusterTarget { try ClusterTarget(try root.required("opts")) }
        func rooms(_ maximum: Int = ClusterLimits.maximumRoomsOfChange) throws(ClusterCodingError) -> [String] {
            try root.names("rooms", atMost: maximum)
        }
        let body: Body
        switch root["type"]?.int {
        case 0: body = .sockets(rooms: try rooms(ClusterLimits.maximumTargets))
        case 1: body = .allRooms
        case 2: body = .join(try target(), rooms: try rooms())
        case 3: body = .leave(try target(), rooms: try rooms())
        case 4: body = .disconnect(try target(), close: root["close"]?.bool ?? false)
        case 5: body = .fetchSockets(try target())
        case 6:
            let data = try root.required("data")
            guard data.kind == .array, data.count > 0 else { throw ClusterCodingError(.unexpectedShape) }
            body = .serverSideEmit(document.payload(data))
        case 7: body = .broadcast(try ClusterPacket(try root.required("packet"), in: document), try target())
        case nil: throw ClusterCodingError(.unexpectedShape)
        default: throw ClusterCodingError(.unknownMessage)
        }
        self.init(sender: try root.optionalText("uid"), requestID: try root.optionalText("requestId"), body: body)
    }

    /// JSON, but for a broadcast, which is MessagePack. Attachments of a server-side emit make it MessagePack too, which Node reads.
    public func encoded() throws(ClusterCodingError) -> ByteBuffer {
        switch self.body {
        case .broadcast(let packet, _): try encoded(messagePack: true, attachments: packet.payload.attachments)
        case .serverSideEmit(let payload): try encoded(messagePack: false, attachments: payload.attachments)
        default: try encoded(messagePack: false, attachments: [])
        }
    }

    private func encoded(messagePack: Bool, attachments: [ByteBuffer]) throws(ClusterCodingError) -> ByteBuffer {
        try ClusterDocument.encode(messagePack: messagePack, attachments: attachments) { writer in
            writer.beginObject()
            if let sender { writer.field("uid", text: sender) }
            if let requestID { writer.field("requestId", text: requestID) }
            writeBody(to: &writer)
            writer.endObject()
        }
    }

    private func writeBody(to writer: inout JSONWriter) {
        func options(_ target: ClusterTarget, withFlags: Bool = false) {
            writer.key("opts")
            target.write(to: &writer, withFlags: withFlags)
        }
        switch self.body {
        case .sockets(let rooms):
            writer.field("type", int: 0)
            writer.field("rooms", names: rooms)
        case .allRooms: writer.field("type", int: 1)
        case .join(let target, let rooms):
            writer.field("type", int: 2)
            options(target)
            writer.field("rooms", names: rooms)
        case .leave(let target, let rooms):
            writer.field("type", int: 3)
            options(target)
            writer.field("rooms", names: rooms)
        case .disconnect(let target, let close):
            writer.field("type", int: 4)
            options(target)
            writer.field("close", close)
        case .fetchSockets(let target):
            writer.field("type", int: 5)
            options(target)
        case .serverSideEmit(let payload):
            writer.field("type", int: 6)
            writer.field("data", raw: payload.json)
        case .broadcast(let packet, let target):
            writer.field("type", int: 7)
            writer.key("packet")
            packet.write(to: &writer)
            options(target, withFlags: true)
        }
    }
}

/// An answer between nodes of the classic adapter. Most do not say what they answer: the asking node knows by the request's id.
public struct ClassicResponse: Sendable, Hashable {
    public enum Body: Sendable, Hashable {
        /// Ids for ``ClassicRequest/Body/sockets(rooms:)``, descriptions for ``ClassicRequest/Body/fetchSockets(_:)``.
        case sockets([JSONSlice])
        case rooms([String])
        case serverSideEmit(ClusterPayload)
        /// How many clients got a broadcast and may acknowledge it.
        case clientCount(Int)
        case acknowledgement(ClusterPayload)
        /// It is done; nothing more.
        case done
    }

    public var requestID: String
    public var body: Body

    public init(requestID: String, body: Body) {
        self.requestID = requestID
        self.body = body
    }

    public init(decoding bytes: ByteBuffer, limits: ClusterLimits = ClusterLimits()) throws(ClusterCodingError) {
        let document = try ClusterDocument(bytes, limits: limits)
        let root = document.root
        let body: Body
        switch root["type"]?.int {
        case 6: body = .serverSideEmit(document.payload(root["data"] ?? .null))
        case 8: body = .clientCount(try root.clientCount())
        case 9: body = .acknowledgement(document.payload(root["packet"] ?? .null))
        case nil:
            if let sockets = root["sockets"] {
                guard sockets.kind == .array else { throw ClusterCodingError(.unexpectedShape) }
                body = .sockets(sockets.elements)
            } else if root["rooms"] != nil {
                body = .rooms(try root.names("rooms", atMost: .max))
            } else {
                body = .done
            }
        default: throw ClusterCodingError(.unknownMessage)
        }
        self.init(requestID: try root.text("requestId"), body: body)
    }

    public func encoded() throws(ClusterCodingError) -> ByteBuffer {
        switch self.body {
        case .acknowledgement(let payload):
            try ClusterDocument.encode(messagePack: true, attachments: payload.attachments) { writer in
                writer.beginObject()
                writer.field("type", int: 9)
                writer.field("requestId", text: self.requestID)
                writer.field("packet", raw: payload.json)
                writer.endObject()
            }
        case .serverSideEmit(let payload):
            try ClusterDocument.encode(messagePack: false, attachments: payload.attachments) { writer in
                writer.beginObject()
                writer.field("type", int: 6)
                writer.field("requestId", text: self.requestID)
                writer.field("data", raw: payload.json)
                writer.endObject()
            }
        default: try ClusterDocument.encode(messagePack: false, writePlain)
        }
    }

    private func writePlain(to writer: inout JSONWriter) {
        writer.beginObject()
        if case .clientCount = self.body { writer.field("type", int: 8) }
        writer.field("requestId", text: self.requestID)
        switch self.body {
        case .sockets(let sockets):
            writer.key("sockets")
            writer.beginArray()
            for socket in sockets { writer.raw(socket) }
            writer.endArray()
        case .rooms(let rooms): writer.field("rooms", names: rooms)
        case .clientCount(let count): writer.field("clientCount", int: count)
        case .serverSideEmit, .acknowledgement, .done: break
        }
        writer.endObject()
    }
}
