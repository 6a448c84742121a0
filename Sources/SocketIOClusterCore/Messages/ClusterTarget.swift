import SocketIOCore

/// Who a broadcast is for, and how it is sent.
public struct ClusterTarget: Sendable, Hashable {
    /// Empty: everybody in the namespace.
    public var rooms: [String]
    public var except: [String]
    public var flags: ClusterFlags

    public init(rooms: [String] = [], except: [String] = [], flags: ClusterFlags = ClusterFlags()) {
        self.rooms = rooms
        self.except = except
        self.flags = flags
    }

    init(_ json: JSONSlice) throws(ClusterCodingError) {
        self.init(
            rooms: try json.names("rooms", atMost: ClusterLimits.maximumTargets),
            except: try json.names("except", atMost: ClusterLimits.maximumTargets),
            flags: json["flags"].map(ClusterFlags.init) ?? ClusterFlags())
    }

    func write(to writer: inout JSONWriter, withFlags: Bool) {
        writer.beginObject()
        writer.field("rooms", names: self.rooms)
        writer.field("except", names: self.except)
        if withFlags {
            writer.key("flags")
            self.flags.write(to: &writer)
        }
        writer.endObject()
    }
}

/// The options of a broadcast. Those that a node does not know are ignored.
public struct ClusterFlags: Sendable, Hashable {
    public var isVolatile: Bool
    public var compress: Bool?
    /// Milliseconds within which clients answer.
    public var timeout: Int?
    public var expectsSingleResponse: Bool?

    public init(isVolatile: Bool = false, compress: Bool? = nil, timeout: Int? = nil, expectsSingleResponse: Bool? = nil) {
        self.isVolatile = isVolatile
        self.compress = compress
        self.timeout = timeout
        self.expectsSingleResponse = expectsSingleResponse
    }

    init(_ json: JSONSlice) {
        self.init(
            isVolatile: json["volatile"]?.bool ?? false, compress: json["compress"]?.bool, timeout: json["timeout"]?.int,
            expectsSingleResponse: json["expectSingleResponse"]?.bool)
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        if self.isVolatile { writer.field("volatile", true) }
        if let compress { writer.field("compress", compress) }
        if let timeout { writer.field("timeout", int: timeout) }
        if let expectsSingleResponse { writer.field("expectSingleResponse", expectsSingleResponse) }
        writer.endObject()
    }
}

/// The event of a broadcast: its name and its arguments as one array, `["name", argument, …]`.
public struct ClusterPacket: Sendable, Hashable {
    /// Socket.IO's number of an event, also of one with attachments.
    static let eventType = 2

    public var payload: ClusterPayload
    /// nil: a message that does not repeat the namespace in its packet.
    public var namespace: String?

    public init(payload: ClusterPayload, namespace: String? = nil) {
        self.payload = payload
        self.namespace = namespace
    }

    init(_ json: JSONSlice, in document: ClusterDocument) throws(ClusterCodingError) {
        guard json["type"]?.int == Self.eventType, let data = json["data"], data.kind == .array, data.count > 0 else {
            throw ClusterCodingError(.unexpectedShape)
        }
        self.init(payload: document.payload(data), namespace: try json.optionalText("nsp"))
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("type", int: Self.eventType)
        writer.field("data", raw: self.payload.json)
        if let namespace { writer.field("nsp", text: namespace) }
        writer.endObject()
    }
}
