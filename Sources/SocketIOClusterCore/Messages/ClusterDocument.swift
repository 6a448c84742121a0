public import NIOCore
public import SocketIOCore

/// A value that travels between nodes: JSON in which `{"_placeholder":true,"num":n}` stands for the nth attachment, as in a packet.
public struct ClusterPayload: Sendable, Hashable {
    public var json: JSONSlice
    public var attachments: [ByteBuffer]

    public init(json: JSONSlice, attachments: [ByteBuffer] = []) {
        self.json = json
        self.attachments = attachments
    }
}

/// A whole message, before its meaning: JSON if the first byte is a brace, else MessagePack.
struct ClusterDocument {
    let root: JSONSlice
    let attachments: [ByteBuffer]

    init(_ bytes: ByteBuffer, limits: ClusterLimits) throws(ClusterCodingError) {
        guard bytes.readableBytesView.first == UInt8(ascii: "{") else {
            try self.init(messagePack: bytes, limits: limits)
            return
        }
        guard bytes.readableBytes <= limits.maximumMessageBytes else { throw ClusterCodingError(.tooLong) }
        do throws(JSONSyntaxError) {
            self.init(root: try JSONSlice(validating: bytes, maximumDepth: limits.maximumDepth), attachments: [])
        } catch {
            throw ClusterCodingError(.invalidJSON)
        }
    }

    init(messagePack bytes: ByteBuffer, limits: ClusterLimits) throws(ClusterCodingError) {
        guard bytes.readableBytes <= limits.maximumMessageBytes else { throw ClusterCodingError(.tooLong) }
        var reader = MessagePackReader(bytes, limits: limits)
        try reader.read()
        self.init(root: JSONSlice(unchecked: reader.output.buffer), attachments: reader.attachments)
    }

    private init(root: JSONSlice, attachments: [ByteBuffer]) {
        self.root = root
        self.attachments = attachments
    }

    /// Writes a message: as JSON, or as MessagePack if told to or if it has attachments, which JSON cannot hold.
    static func encode(
        messagePack: Bool, attachments: [ByteBuffer] = [], _ body: (inout JSONWriter) -> Void
    ) throws(ClusterCodingError) -> ByteBuffer {
        var writer = JSONWriter()
        body(&writer)
        guard messagePack || !attachments.isEmpty else { return writer.buffer }
        var packed = MessagePackWriter(attachments: attachments)
        try packed.write(JSONSlice(unchecked: writer.buffer))
        return packed.buffer
    }

    func payload(_ json: JSONSlice) -> ClusterPayload { ClusterPayload(json: json, attachments: self.attachments) }
}

extension JSONSlice {
    func required(_ key: String) throws(ClusterCodingError) -> JSONSlice {
        guard let value = self[key] else { throw ClusterCodingError(.unexpectedShape) }
        return value
    }

    func text(_ key: String) throws(ClusterCodingError) -> String {
        guard let text = self[key]?.string else { throw ClusterCodingError(.unexpectedShape) }
        return text
    }

    /// Names of rooms: numbers are allowed in Node, and are another room's name there than their text; here they are the same.
    var names: [String]? {
        guard self.kind == .array else { return nil }
        var names: [String] = []
        for element in self.elements {
            switch element.kind {
            case .string: names.append(element.string ?? "")
            case .number: names.append(element.description)
            default: return nil
            }
        }
        return names
    }
}

extension JSONWriter {
    mutating func field(_ key: String, names: [String]) {
        self.key(key)
        self.beginArray()
        for name in names { self.string(name) }
        self.endArray()
    }

    mutating func field(_ key: String, text: String) {
        self.key(key)
        self.string(text)
    }

    mutating func field(_ key: String, int: Int) {
        self.key(key)
        self.int(int)
    }

    mutating func field(_ key: String, raw: JSONSlice) {
        self.key(key)
        self.raw(raw)
    }
}
