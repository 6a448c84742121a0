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
    /// - Returns: the binary values among the arguments; they follow the packet behind the attachments that it had before.
    @discardableResult
    public static func event(
        _ name: String, namespace: String = "/", id: UInt64? = nil, attachments: Int = 0, into buffer: inout ByteBuffer,
        arguments: (inout JSONWriter) -> Void = { _ in }
    ) -> [ByteBuffer] {
        packet(.event, attachments, namespace, id, into: &buffer) { writer in
            writer.string(name)
            arguments(&writer)
        }
    }

    /// Appends an acknowledgement.
    ///
    /// - Parameters:
    ///   - id: the one that the event asked for.
    ///   - attachments: binary messages that follow the packet.
    ///   - arguments: writes the arguments, one value after another.
    /// - Returns: the binary values among the arguments; they follow the packet behind the attachments that it had before.
    @discardableResult
    public static func ack(
        id: UInt64, namespace: String = "/", attachments: Int = 0, into buffer: inout ByteBuffer,
        arguments: (inout JSONWriter) -> Void = { _ in }
    ) -> [ByteBuffer] {
        packet(.ack, attachments, namespace, id, into: &buffer, arguments)
    }

    /// - Parameter attachments: how many there are before the array is written.
    @inline(__always)
    private static func packet(
        _ kind: SocketIOPacketKind, _ attachments: Int, _ namespace: String, _ id: UInt64?, into buffer: inout ByteBuffer,
        _ elements: (inout JSONWriter) -> Void
    ) -> [ByteBuffer] {
        let start = buffer.writerIndex
        writeHead(attachments > 0 ? kind.binary : kind, attachments, namespace, id, opening: JSONByte.openBracket, into: &buffer)
        let payload = buffer.writerIndex
        var values: [ByteBuffer] = attachments > 0 ? Array(repeating: ByteBuffer(), count: attachments) : []
        JSONWriter.append(to: &buffer, attachments: &values) { writer in
            elements(&writer)
            writer.endArray()
        }
        guard values.count > attachments else { return [] }
        // The head was written before it was known that there are binary values.
        let array = buffer.getSlice(at: payload, length: buffer.writerIndex - payload) ?? ByteBuffer()
        buffer.moveWriterIndex(to: start)
        writeHead(kind.binary, values.count, namespace, id, opening: JSONByte.openBracket, into: &buffer)
        buffer.writeImmutableBuffer(array)
        return Array(values.dropFirst(attachments))
    }

    /// Appends a server's answer to a connect.
    public static func connect(namespace: String = "/", sid: String, pid: String? = nil, into buffer: inout ByteBuffer) {
        writeHead(.connect, 0, namespace, nil, into: &buffer)
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            writer.field("sid", sid)
            if let pid { writer.field("pid", pid) }
            writer.endObject()
        }
    }

    /// Appends a client's request to connect.
    public static func connectRequest(namespace: String = "/", auth: JSONSlice? = nil, into buffer: inout ByteBuffer) {
        writeHead(.connect, 0, namespace, nil, into: &buffer)
        if let auth { buffer.writeImmutableBuffer(auth.bytes) }
    }

    /// Appends a server's refusal of a connect.
    public static func connectError(
        namespace: String = "/", message: String, data: JSONSlice? = nil, into buffer: inout ByteBuffer
    ) {
        writeHead(.connectError, 0, namespace, nil, into: &buffer)
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            writer.field("message", message)
            if let data { writer.field("data", data) }
            writer.endObject()
        }
    }

    /// Appends a disconnect: the namespace is left.
    public static func disconnect(namespace: String = "/", into buffer: inout ByteBuffer) {
        writeHead(.disconnect, 0, namespace, nil, into: &buffer)
    }

    /// Writes the part before a packet's payload at once, which is cheaper than several writes.
    ///
    /// - Parameter opening: the payload's first byte, if there is a payload.
    @inline(__always)
    private static func writeHead(
        _ kind: SocketIOPacketKind, _ attachments: Int, _ namespace: String, _ id: UInt64?, opening: UInt8? = nil,
        into buffer: inout ByteBuffer
    ) {
        let head = SocketIOHead(kind: kind, attachments: attachments, namespace: namespace, id: id)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: head.maximumBytes &+ 1) { target in
            var count = head.write(to: target)
            if let opening {
                target[count] = opening
                count &+= 1
            }
            return count
        }
    }
}

/// The part before a packet's payload: `<kind>[attachments-][/namespace,][id]`.
@usableFromInline
package struct SocketIOHead {
    @usableFromInline let kind: SocketIOPacketKind
    @usableFromInline let attachments: Int
    @usableFromInline let namespace: String
    @usableFromInline let id: UInt64?

    /// - Parameters:
    ///   - attachments: the number of binary messages that follow. Only the head of a binary kind has it.
    ///   - namespace: "/" is not written.
    @inlinable
    package init(kind: SocketIOPacketKind, attachments: Int = 0, namespace: String, id: UInt64? = nil) {
        self.kind = kind
        self.attachments = attachments
        self.namespace = namespace
        self.id = id
    }

    @inlinable
    var namespaceBytes: Int { namespace == "/" ? 0 : namespace.utf8.count &+ 1 }

    /// At least as many bytes as the head has.
    var maximumBytes: Int { 2 &+ namespaceBytes &+ 2 &* 20 }

    /// Exactly as many.
    @inlinable
    package var byteCount: Int {
        var count = 1 &+ namespaceBytes
        if kind.isBinary { count &+= JSONDigits.count(UInt64(attachments)) &+ 1 }
        if let id { count &+= JSONDigits.count(id) }
        return count
    }

    /// Writes the head to the beginning of `target`, which has room for it.
    ///
    /// - Returns: how many bytes were written.
    @inlinable
    @discardableResult
    package func write(to target: UnsafeMutableRawBufferPointer) -> Int {
        target[0] = JSONByte.zero &+ kind.rawValue
        var count = 1
        if kind.isBinary {
            count = JSONDigits.write(UInt64(attachments), to: target, at: count)
            target[count] = JSONByte.minus
            count &+= 1
        }
        if namespace != "/" {
            for byte in namespace.utf8 {
                target[count] = byte
                count &+= 1
            }
            target[count] = JSONByte.comma
            count &+= 1
        }
        if let id { count = JSONDigits.write(id, to: target, at: count) }
        return count
    }
}
