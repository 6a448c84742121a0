import NIOHTTP1
import SocketIOClusterCore
import SocketIOServer

extension ClusterPayload {
    init(_ packet: EventPacket) { self.init(json: packet.array, attachments: packet.attachments) }
}

extension EventPacket {
    init(_ payload: ClusterPayload) throws(ClusterCodingError) {
        guard let packet = EventPacket(array: payload.json, attachments: payload.attachments) else {
            throw ClusterCodingError(.unexpectedShape)
        }
        self = packet
    }
}

extension ClusterTarget {
    init(_ options: BroadcastOptions) {
        let flags = options.flags
        self.init(
            rooms: options.rooms.withoutRepetitions, except: options.except.withoutRepetitions,
            flags: ClusterFlags(isVolatile: flags.isVolatile, compress: flags.compress, timeout: flags.timeout?.wholeMilliseconds))
    }
}

extension BroadcastOptions {
    init(_ target: ClusterTarget) {
        self.init(
            rooms: target.rooms, except: target.except,
            flags: Flags(
                isVolatile: target.flags.isVolatile, compress: target.flags.compress,
                // A time from another server is bounded, since it is converted to nanoseconds.
                timeout: target.flags.timeout.map { .milliseconds(min(max($0, 0), 3_600_000)) }))
    }
}

extension [String] {
    /// As in Node, rooms form a set.
    fileprivate var withoutRepetitions: [String] {
        guard count > 1 else { return self }
        var seen: Set<RoomName> = []
        return filter { seen.insert(RoomName($0)).inserted }
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds).multipliedReportingOverflow(by: 1_000).partialValue &+ Int(attoseconds / 1_000_000_000_000_000)
    }
}

// MARK: Sockets

extension SocketDescription {
    /// A socket as Node's servers describe it to each other.
    var clusterJSON: JSONSlice {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("id", id)
            writer.key("handshake")
            handshake.write(to: &writer)
            writer.field("rooms", Array(rooms))
            writer.field("data", JSONSlice(data: data))
        }
        return JSONSlice(unchecked: writer.buffer)
    }

    init(clusterJSON json: JSONSlice) throws(ClusterCodingError) {
        guard let id = json["id"] else { throw ClusterCodingError(.unexpectedShape) }
        self.init(
            id: try id.name(), handshake: Handshake(clusterJSON: json["handshake"] ?? .null),
            rooms: Set(try json.names("rooms", atMost: ClusterLimits.maximumTargets)), data: json["data"])
    }
}

/// A value whose type only it knows.
private struct AnyEncodable: Encodable {
    let value: any Encodable

    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension JSONSlice {
    /// A socket's data as other servers get it. An empty object if there is none, or if it is not JSON.
    init(data: (any Sendable)?) {
        var writer = JSONWriter()
        switch data {
        case let value as any JSONWritable: value.write(to: &writer)
        case let value as any Encodable: JSONEncoded(AnyEncodable(value: value)).write(to: &writer)
        default: writer.object { _ in }
        }
        self.init(unchecked: writer.buffer)
    }
}

extension Handshake {
    fileprivate func write(to writer: inout JSONWriter) {
        let headers = headers
        writer.object { writer in
            writer.key("headers")
            writer.object { writer in
                var seen: Set<String> = []
                for (name, _) in headers where seen.insert(name.lowercased()).inserted {
                    writer.field(name.lowercased(), headers[name].joined(separator: ", "))
                }
            }
            writer.field("address", address)
            writer.field("xdomain", headers.contains(name: "origin"))
            writer.field("secure", secure)
            writer.key("query")
            writer.object { writer in
                for (name, value) in query { writer.field(name, value) }
            }
            writer.field("auth", auth ?? JSONSlice.emptyObject)
        }
    }

    fileprivate init(clusterJSON json: JSONSlice) {
        func texts(_ key: String) -> [(String, String)] {
            guard let object = json[key], object.kind == .object else { return [] }
            return object.members.compactMap { member in
                guard member.key.utf8.count <= ClusterLimits.maximumNameBytes else { return nil }
                return member.value.string.map { (member.key, $0) }
            }
        }
        self.init(
            query: Dictionary(texts("query"), uniquingKeysWith: { _, last in last }), headers: HTTPHeaders(texts("headers")),
            address: json["address"]?.string ?? "", secure: json["secure"]?.bool ?? false,
            auth: json["auth"].flatMap { $0.kind == .object ? $0 : nil })
    }
}

extension JSONSlice {
    fileprivate static let emptyObject = JSONSlice(unchecked: JSONWriter.emptyObject.buffer)
}

extension JSONWriter {
    fileprivate static var emptyObject: JSONWriter {
        var writer = JSONWriter()
        writer.object { _ in }
        return writer
    }
}
