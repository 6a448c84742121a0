public import NIOCore

extension SocketIOPacket {
    /// Reads a packet, without the Engine.IO digit before it.
    ///
    /// Everything that the packet alone can violate is checked; what depends on the connection's state (a namespace that is not
    /// joined, an unknown acknowledgement) is not.
    ///
    /// - Parameters:
    ///   - text: the payload becomes a slice of it.
    ///   - sender: who sent it.
    /// - Throws: What has to close the connection.
    public static func decode(
        _ text: ByteBuffer, limits: SocketIOLimits = SocketIOLimits(), from sender: Sender = .client
    ) throws(SocketIOProtocolError) -> SocketIOPacket {
        try text.withUnsafeReadableBytes { raw throws(SocketIOProtocolError) in
            try Self.decode(raw, of: text, limits: limits, from: sender)
        }
    }

    @inline(__always)
    private static func decode(
        _ raw: UnsafeRawBufferPointer, of text: ByteBuffer, limits: SocketIOLimits, from sender: Sender
    ) throws(SocketIOProtocolError) -> SocketIOPacket {
        guard let digit = raw.first else { throw SocketIOProtocolError(.emptyPacket) }
        guard let kind = SocketIOPacketKind(rawValue: digit &- JSONByte.zero) else { throw SocketIOProtocolError(.unknownKind) }
        if kind == .connectError, sender == .client { throw SocketIOProtocolError(.forbiddenKind) }

        var head = SocketIOPacketHead(JSONScanner(raw, at: 1))
        let attachmentCount = kind.isBinary ? try head.attachmentCount(limits) : 0
        let namespace = try head.namespace(limits)
        let id = try head.ackID()
        let start = head.position

        var elements = JSONElementIndex()
        var name = ""
        if start < raw.count {
            let json = UnsafeRawBufferPointer(rebasing: raw[start...])
            var scanner = JSONScanner(json)
            do throws(JSONSyntaxError) {
                _ = try scanner.validate(maximumDepth: limits.maximumDepth, elements: &elements, collects: true)
            } catch {
                throw SocketIOProtocolError(.invalidJSON, cause: error)
            }
            name = try SocketIOPayload.check(json, kind: kind, elements: elements, limits: limits)
            if kind.isBinary { try SocketIOPlaceholders.check(json, attachmentCount: attachmentCount) }
        } else if kind.isBinary {
            throw SocketIOProtocolError(.invalidPayload)
        }
        return SocketIOPacket(
            kind: kind, namespace: namespace, id: id, attachmentCount: attachmentCount,
            payload: JSONSlice.slice(start..<raw.count, of: text), eventName: name, elements: elements)
    }
}
