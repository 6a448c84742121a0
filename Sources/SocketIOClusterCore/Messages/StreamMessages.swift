public import NIOCore
public import RedisCore
import SocketIOCore
import WebSocketCore

extension ClusterMessage {
    /// Whether the streams adapter sends it on a channel: nobody needs it later.
    public var isEphemeral: Bool {
        switch self.body {
        case .broadcast(_, _, let requestID): requestID != nil
        case .serverSideEmit, .fetchSockets: true
        default: false
        }
    }

    /// The fields of an entry in the stream: `uid`, `nsp`, `type`, and `data` as JSON, or as MessagePack in base64 if it has attachments.
    public func streamFields() throws(ClusterCodingError) -> [(String, RedisArgument)] {
        var fields: [(String, RedisArgument)] = [
            ("uid", .text(self.sender)), ("nsp", .text(self.namespace)), ("type", .text(String(self.type))),
        ]
        guard hasData else { return fields }
        var data = try ClusterDocument.encode(messagePack: false, attachments: self.attachments, writeData)
        if !self.attachments.isEmpty { data = StreamText.base64(data) }
        fields.append(("data", .bytes(data)))
        return fields
    }

    /// Reads an entry of the stream.
    public init(
        streamEntry entry: RedisStreamEntry, limits: ClusterLimits = ClusterLimits()
    ) throws(ClusterCodingError) {
        guard let sender = entry["uid"], sender.readableBytes <= ClusterLimits.maximumNameBytes,
            let namespace = entry["nsp"], namespace.readableBytes <= ClusterLimits.maximumNameBytes,
            let type = entry["type"].flatMap({ Int(String(buffer: $0)) })
        else { throw ClusterCodingError(.unexpectedShape) }
        let document = try entry["data"].map { data throws(ClusterCodingError) in
            data.readableBytesView.first == UInt8(ascii: "{")
                ? try ClusterDocument(data, limits: limits)
                : try ClusterDocument(messagePack: try StreamText.bytes(data, limits), limits: limits)
        }
        let body: Body
        if let document {
            body = try Self.body(type, document.root, in: document)
        } else {
            body = try Self.body(type, nil, in: try ClusterDocument(ByteBuffer(string: "{}"), limits: limits))
        }
        self.init(sender: String(buffer: sender), namespace: String(buffer: namespace), body: body)
    }
}

/// The base64 in which the streams adapter keeps bytes in texts.
enum StreamText {
    static func base64(_ bytes: ByteBuffer) -> ByteBuffer {
        var text = ByteBuffer()
        Base64.encode(bytes.readableBytesView, into: &text)
        return text
    }

    static func bytes(_ text: ByteBuffer, _ limits: ClusterLimits) throws(ClusterCodingError) -> ByteBuffer {
        guard text.readableBytes <= limits.maximumMessageBytes else { throw ClusterCodingError(.tooLong) }
        guard let bytes = Base64.decode(text.readableBytesView) else { throw ClusterCodingError(.unexpectedShape) }
        return bytes
    }
}

/// What connection state recovery keeps of a socket that went away, under a key of its own that ends by itself.
public struct RecoverySession: Sendable, Hashable {
    public var socketID: String
    /// Known to the client alone, which proves with it that the session is its own.
    public var privateID: String
    public var rooms: [String]
    /// The socket's data, as JSON.
    public var data: ClusterPayload

    public init(socketID: String, privateID: String, rooms: [String], data: ClusterPayload) {
        self.socketID = socketID
        self.privateID = privateID
        self.rooms = rooms
        self.data = data
    }

    public static func key(_ privateID: String, prefix: String = "sio:session:") -> String { prefix + privateID }

    public init(decoding text: ByteBuffer, limits: ClusterLimits = ClusterLimits()) throws(ClusterCodingError) {
        let document = try ClusterDocument(messagePack: try StreamText.bytes(text, limits), limits: limits)
        self.init(
            socketID: try document.root.text("sid"), privateID: try document.root.text("pid"),
            // Its own id is among them.
            rooms: try document.root.names("rooms", atMost: ClusterLimits.maximumTargets),
            data: document.payload(document.root["data"] ?? .null))
    }

    public func encoded() throws(ClusterCodingError) -> ByteBuffer {
        let packed = try ClusterDocument.encode(messagePack: true, attachments: self.data.attachments) { writer in
            writer.beginObject()
            writer.field("sid", text: self.socketID)
            writer.field("pid", text: self.privateID)
            writer.field("rooms", names: self.rooms)
            writer.field("data", raw: self.data.json)
            writer.endObject()
        }
        return StreamText.base64(packed)
    }

    /// Whether a session missed a broadcast: it was in one of the rooms, and in none of the excepted.
    public func concerns(_ target: ClusterTarget) -> Bool {
        (target.rooms.isEmpty || self.rooms.contains(where: target.rooms.contains)) && !self.rooms.contains(where: target.except.contains)
    }
}

/// An offset that a client brings back: the id of the last entry that it saw.
public struct StreamOffset: Sendable, Hashable, Comparable {
    public let text: String

    /// Redis orders entries by both numbers, which have 64 bits.
    private var numbers: (UInt64, UInt64) {
        let parts = text.split(separator: "-").map { UInt64($0) ?? .max }
        return (parts[0], parts[1])
    }

    public static func < (left: StreamOffset, right: StreamOffset) -> Bool { left.numbers < right.numbers }

    /// nil: not `digits-digits`. What a client sends goes into a command, so nothing else may.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...20).contains($0.count) && $0.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        self.text = text
    }
}

/// The names of the streams of several nodes.
public enum StreamName {
    /// The stream of a namespace, of so many. Node computes it with 32-bit arithmetic over UTF-16, and a negative remainder stays negative.
    public static func of(namespace: String, base: String = "socket.io", count: Int = 1) -> String {
        if count <= 1 { return base }
        let hash = namespace.utf16.reduce(Int32(0)) { $0 &* 31 &+ Int32($1) }
        return "\(base)-\(Int(hash) % count)"
    }
}
