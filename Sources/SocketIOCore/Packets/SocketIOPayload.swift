import JSONCore

/// The shape a packet's payload must have.
enum SocketIOPayload {
    /// The position of an event's name in the packet, and how it is written.
    struct Name: Sendable {
        /// Without the quotes.
        var range = 0..<0
        var hasEscapes = false
    }

    /// - Parameters:
    ///   - raw: the packet.
    ///   - start: where its payload begins, which is valid JSON.
    ///   - elements: where the elements of its outermost array begin.
    /// - Returns: the name if the packet is an event.
    @inline(__always)
    static func check(
        _ raw: UnsafeRawBufferPointer, at start: Int, kind: SocketIOPacketKind, elements: JSONElementIndex, limits: SocketIOLimits
    ) throws(SocketIOProtocolError) -> Name {
        var scanner = JSONScanner(raw, at: start)
        scanner.skipWhitespace()
        let first = scanner.current
        switch kind {
        case .event, .binaryEvent:
            guard first == JSONByte.openBracket, elements.count > 0 else { throw SocketIOProtocolError(.invalidPayload) }
            return try eventName(raw, at: elements[0], limits: limits)
        case .ack, .binaryAck:
            guard first == JSONByte.openBracket else { throw SocketIOProtocolError(.invalidPayload) }
        case .connect:
            guard first == JSONByte.openBrace else { throw SocketIOProtocolError(.invalidPayload) }
        case .connectError:
            guard first == JSONByte.openBrace || first == JSONByte.quote else { throw SocketIOProtocolError(.invalidPayload) }
        case .disconnect:
            throw SocketIOProtocolError(.invalidPayload)
        }
        return Name()
    }

    /// A string, or a number: its name is then its text, as it was written.
    @inline(__always)
    private static func eventName(
        _ raw: UnsafeRawBufferPointer, at start: Int, limits: SocketIOLimits
    ) throws(SocketIOProtocolError) -> Name {
        var scanner = JSONScanner(raw, at: start)
        switch scanner.current {
        case JSONByte.quote:
            let hasEscapes = scanner.skipString()
            let name = Name(range: start &+ 1..<scanner.position &- 1, hasEscapes: hasEscapes)
            guard name.range.count <= limits.maximumEventNameBytes else { throw SocketIOProtocolError(.eventNameTooLong) }
            let written = UnsafeRawBufferPointer(rebasing: raw[name.range])
            if hasEscapes || mayBeReserved(written.count) {
                guard !isReserved(JSONString.decode(written, hasEscapes: hasEscapes)) else {
                    throw SocketIOProtocolError(.reservedEventName)
                }
            }
            return name
        case JSONByte.minus, JSONByte.zero...JSONByte.nine:
            scanner.skipValue()
            guard scanner.position &- start <= limits.maximumEventNameBytes else { throw SocketIOProtocolError(.eventNameTooLong) }
            return Name(range: start..<scanner.position)
        default:
            throw SocketIOProtocolError(.invalidPayload)
        }
    }

    /// A length that no reserved name has is the common case.
    @inline(__always)
    private static func mayBeReserved(_ count: Int) -> Bool {
        switch count {
        case 7, 10, 11, 13, 14: true
        default: false
        }
    }

    /// Names of events that the reference's library emits itself.
    static func isReserved(_ name: String) -> Bool {
        switch name {
        case "connect", "disconnect", "newListener", "connect_error", "disconnecting", "removeListener": true
        default: false
        }
    }
}
