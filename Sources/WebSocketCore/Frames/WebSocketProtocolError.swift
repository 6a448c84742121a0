/// The peer violated RFC 6455: the connection has to be closed, with ``closeCode`` if a close frame can still be sent.
public struct WebSocketProtocolError: Error, Sendable, Hashable {
    /// What was violated. More kinds may come.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        enum Value: String {
            case reservedBits, reservedOpcode, fragmentedControlFrame, controlFrameTooLong, lengthNotMinimal, lengthOutOfRange
            case maskMissing, maskForbidden, continuationWithoutStart, messageWithinMessage
            case messageTooBig, tooManyFragments, invalidUTF8, invalidClosePayload, invalidCloseCode
            case invalidCompression
        }

        let value: Value

        public var description: String { value.rawValue }

        /// RSV1–RSV3 set without a negotiated extension (§5.2), or where it does not allow them.
        public static let reservedBits = Kind(value: .reservedBits)
        /// An opcode without a meaning (§5.2).
        public static let reservedOpcode = Kind(value: .reservedOpcode)
        /// A control frame without FIN (§5.5).
        public static let fragmentedControlFrame = Kind(value: .fragmentedControlFrame)
        /// A control frame over 125 bytes (§5.5).
        public static let controlFrameTooLong = Kind(value: .controlFrameTooLong)
        /// A length that would have fitted a shorter form (§5.2).
        public static let lengthNotMinimal = Kind(value: .lengthNotMinimal)
        /// A length with its highest bit set (§5.2).
        public static let lengthOutOfRange = Kind(value: .lengthOutOfRange)
        /// A frame from a client without a mask (§5.1).
        public static let maskMissing = Kind(value: .maskMissing)
        /// A frame from a server with a mask (§5.1).
        public static let maskForbidden = Kind(value: .maskForbidden)
        /// A continuation without a message to continue (§5.4).
        public static let continuationWithoutStart = Kind(value: .continuationWithoutStart)
        /// A new message before the last fragment of the one before (§5.4).
        public static let messageWithinMessage = Kind(value: .messageWithinMessage)
        /// A message over ``WebSocketLimits/maximumMessageBytes``.
        public static let messageTooBig = Kind(value: .messageTooBig)
        /// A message of more frames than ``WebSocketLimits/maximumFragments``.
        public static let tooManyFragments = Kind(value: .tooManyFragments)
        /// Text, or the reason of a close frame, that is not UTF-8 (§8.1).
        public static let invalidUTF8 = Kind(value: .invalidUTF8)
        /// A close frame of one byte (§5.5.1).
        public static let invalidClosePayload = Kind(value: .invalidClosePayload)
        /// A close code that must not be sent (§7.4).
        public static let invalidCloseCode = Kind(value: .invalidCloseCode)
        /// A compressed message that cannot be decompressed (RFC 7692).
        public static let invalidCompression = Kind(value: .invalidCompression)
    }

    public var kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    /// The code for the close frame that answers the violation.
    public var closeCode: WebSocketCloseCode? {
        switch kind.value {
        case .messageTooBig: .messageTooBig
        case .tooManyFragments: .policyViolation
        case .invalidUTF8, .invalidCompression: .invalidPayload
        default: .protocolError
        }
    }
}

extension WebSocketProtocolError: CustomStringConvertible {
    public var description: String { "WebSocket protocol error: \(kind)" }
}
