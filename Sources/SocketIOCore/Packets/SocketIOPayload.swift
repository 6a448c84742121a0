/// The shape a packet's payload must have.
enum SocketIOPayload {
    /// - Parameters:
    ///   - json: a validated text.
    ///   - elements: where the elements of its outermost array begin.
    /// - Returns: The name, if it is an event.
    @inline(__always)
    static func check(
        _ json: UnsafeRawBufferPointer, kind: SocketIOPacketKind, elements: JSONElementIndex, limits: SocketIOLimits
    ) throws(SocketIOProtocolError) -> String {
        var scanner = JSONScanner(json)
        scanner.skipWhitespace()
        let first = scanner.current
        switch kind {
        case .event, .binaryEvent:
            guard first == JSONByte.openBracket, elements.count > 0 else { throw SocketIOProtocolError(.invalidPayload) }
            return try self.eventName(json, at: elements[0], limits: limits)
        case .ack, .binaryAck:
            guard first == JSONByte.openBracket else { throw SocketIOProtocolError(.invalidPayload) }
        case .connect:
            guard first == JSONByte.openBrace else { throw SocketIOProtocolError(.invalidPayload) }
        case .connectError:
            guard first == JSONByte.openBrace || first == JSONByte.quote else { throw SocketIOProtocolError(.invalidPayload) }
        case .disconnect:
            throw SocketIOProtocolError(.invalidPayload)
        }
        return ""
    }

    /// A string, or a number: its name is then its text, as it was written.
    @inline(__always)
    private static func eventName(
        _ json: UnsafeRawBufferPointer, at start: Int, limits: SocketIOLimits
    ) throws(SocketIOProtocolError) -> String {
        var scanner = JSONScanner(json, at: start)
        switch scanner.current {
        case JSONByte.quote:
            let hasEscapes = scanner.skipString()
            let raw = UnsafeRawBufferPointer(rebasing: json[start &+ 1..<scanner.position &- 1])
            guard raw.count <= limits.maximumEventNameBytes else { throw SocketIOProtocolError(.eventNameTooLong) }
            let name = JSONString.decode(raw, hasEscapes: hasEscapes)
            guard !self.isReserved(name) else { throw SocketIOProtocolError(.reservedEventName) }
            return name
        case JSONByte.minus, JSONByte.zero...JSONByte.nine:
            scanner.skipValue()
            let raw = UnsafeRawBufferPointer(rebasing: json[start..<scanner.position])
            guard raw.count <= limits.maximumEventNameBytes else { throw SocketIOProtocolError(.eventNameTooLong) }
            return String(decoding: raw, as: UTF8.self)
        default:
            throw SocketIOProtocolError(.invalidPayload)
        }
    }

    /// The names that the reference's library raises itself. A length that none of them has is the common case.
    @inline(__always)
    static func isReserved(_ name: String) -> Bool {
        switch name.utf8.count {
        case 7: name == "connect"
        case 10: name == "disconnect"
        case 11: name == "newListener"
        case 13: name == "connect_error" || name == "disconnecting"
        case 14: name == "removeListener"
        default: false
        }
    }
}
