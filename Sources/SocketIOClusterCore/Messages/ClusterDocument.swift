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

    /// A name that the message must have.
    func text(_ key: String) throws(ClusterCodingError) -> String {
        guard let text = try optionalText(key) else { throw ClusterCodingError(.unexpectedShape) }
        return text
    }

    /// A name that the message may have.
    func optionalText(_ key: String) throws(ClusterCodingError) -> String? {
        guard let value = self[key], value.kind == .string else { return nil }
        return try value.name()
    }

    /// Names of rooms: numbers are allowed in Node, and are another room's name there than their text; here they are the same.
    package func names(_ key: String, atMost maximum: Int) throws(ClusterCodingError) -> [String] {
        guard let list = self[key], list.kind == .array else { throw ClusterCodingError(.unexpectedShape) }
        guard list.count <= maximum else { throw ClusterCodingError(.tooManyNames) }
        var names: [String] = []
        for element in list.elements { names.append(try element.name()) }
        return names
    }

    /// A text or a number as a name.
    package func name() throws(ClusterCodingError) -> String {
        // An escape takes six bytes for one, and quotes stand around a text.
        guard self.bytes.readableBytes <= 6 * ClusterLimits.maximumNameBytes + 2 else { throw ClusterCodingError(.tooLong) }
        let name: String
        switch kind {
        case .string: name = string ?? ""
        case .number: name = description
        default: throw ClusterCodingError(.unexpectedShape)
        }
        guard name.utf8.count <= ClusterLimits.maximumNameBytes else { throw ClusterCodingError(.tooLong) }
        return name
    }

    /// How many clients a server says it has asked.
    func clientCount() throws(ClusterCodingError) -> Int {
        guard let count = self["clientCount"]?.int, (0...ClusterLimits.maximumClients).contains(count) else {
            throw ClusterCodingError(.unexpectedShape)
        }
        return count
    }
}

extension JSONWriter {
    mutating func field(_ key: String, names: [String]) {
        self.key(key)
        beginArray()
        for name in names { string(name) }
        endArray()
    }

    mutating func field(_ key: String, text: String) {
        self.key(key)
        string(text)
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
