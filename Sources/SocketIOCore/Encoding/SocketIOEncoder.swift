public import JSONCore
public import NIOCore

/// Writes packets, each appended to a buffer, without the Engine.IO digit before them.
public enum SocketIOEncoder {
    /// Appends an event.
    ///
    /// - Parameters:
    ///   - id: the acknowledgement it asks for.
    ///   - attachments: binary messages that follow the packet, each standing where ``JSONWriter/placeholder(_:)`` names it.
    ///   - arguments: writes the arguments, one value after another.
    public static func event(
        _ name: String, namespace: String = "/", id: UInt64? = nil, attachments: Int = 0, into buffer: inout ByteBuffer,
        arguments: (inout JSONWriter) -> Void = { _ in }
    ) {
        self.writeHead(attachments > 0 ? .binaryEvent : .event, attachments, namespace, id, opening: JSONByte.openBracket, into: &buffer)
        JSONWriter.append(to: &buffer) { writer in
            writer.string(name)
            arguments(&writer)
            writer.endArray()
        }
    }

    /// Appends an acknowledgement.
    ///
    /// - Parameters:
    ///   - id: the one that the event asked for.
    ///   - attachments: binary messages that follow the packet.
    ///   - arguments: writes the arguments, one value after another.
    public static func ack(
        id: UInt64, namespace: String = "/", attachments: Int = 0, into buffer: inout ByteBuffer,
        arguments: (inout JSONWriter) -> Void = { _ in }
    ) {
        self.writeHead(attachments > 0 ? .binaryAck : .ack, attachments, namespace, id, opening: JSONByte.openBracket, into: &buffer)
        JSONWriter.append(to: &buffer) { writer in
            arguments(&writer)
            writer.endArray()
        }
    }

    /// Appends a server's answer to a connect.
    public static func connect(namespace: String = "/", sid: String, pid: String? = nil, into buffer: inout ByteBuffer) {
        self.writeHead(.connect, 0, namespace, nil, into: &buffer)
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            writer.field("sid", sid)
            if let pid { writer.field("pid", pid) }
            writer.endObject()
        }
    }

    /// Appends a client's request to connect.
    public static func connectRequest(namespace: String = "/", auth: JSONSlice? = nil, into buffer: inout ByteBuffer) {
        self.writeHead(.connect, 0, namespace, nil, into: &buffer)
        if let auth { buffer.writeImmutableBuffer(auth.bytes) }
    }

    /// Appends a server's refusal of a connect.
    public static func connectError(
        namespace: String = "/", message: String, data: JSONSlice? = nil, into buffer: inout ByteBuffer
    ) {
        self.writeHead(.connectError, 0, namespace, nil, into: &buffer)
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            writer.field("message", message)
            if let data { writer.field("data", data) }
            writer.endObject()
        }
    }

    /// Appends a disconnect: the namespace is left.
    public static func disconnect(namespace: String = "/", into buffer: inout ByteBuffer) {
        self.writeHead(.disconnect, 0, namespace, nil, into: &buffer)
    }

    /// What stands before a packet's payload, in one write: each write to a buffer has its price.
    ///
    /// - Parameter opening: the payload's first byte, if it has one yet.
    @inline(__always)
    private static func writeHead(
        _ kind: SocketIOPacketKind, _ attachments: Int, _ namespace: String, _ id: UInt64?, opening: UInt8? = nil,
        into buffer: inout ByteBuffer
    ) {
        let isDefault = namespace == "/"
        let namespaceBytes = isDefault ? 0 : namespace.utf8.count
        let maximumDigits = 20
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 4 &+ namespaceBytes &+ 2 &* maximumDigits) { target in
            target[0] = JSONByte.zero &+ kind.rawValue
            var count = 1
            if kind.isBinary {
                count = JSONDigits.write(UInt64(attachments), to: target, at: count)
                target[count] = JSONByte.minus
                count &+= 1
            }
            if !isDefault {
                for byte in namespace.utf8 {
                    target[count] = byte
                    count &+= 1
                }
                target[count] = JSONByte.comma
                count &+= 1
            }
            if let id { count = JSONDigits.write(id, to: target, at: count) }
            if let opening {
                target[count] = opening
                count &+= 1
            }
            return count
        }
    }
}

extension JSONWriter {
    /// Stands where the attachment of that number belongs.
    public mutating func placeholder(_ number: Int) {
        self.object { writer in
            writer.field("_placeholder", true)
            writer.field("num", number)
        }
    }
}
