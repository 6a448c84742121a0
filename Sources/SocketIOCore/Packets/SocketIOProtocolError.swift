public import JSONCore

/// A packet that closes the whole connection, as it does in the reference.
public struct SocketIOProtocolError: Error, Sendable, Hashable {
    /// The violated rule. More may be added.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        enum Value: String {
            case emptyPacket, unknownKind, forbiddenKind, invalidAttachmentCount, tooManyAttachments, namespaceTooLong
            case invalidAckID, invalidJSON, invalidPayload, reservedEventName, eventNameTooLong
            case invalidPlaceholder, textDuringReassembly, unexpectedBinary, attachmentsTooBig
            case tooManyEarlyEvents
        }

        let value: Value

        public var description: String { value.rawValue }

        public static let emptyPacket = Kind(value: .emptyPacket)
        /// The first byte is not "0" to "6".
        public static let unknownKind = Kind(value: .unknownKind)
        /// A CONNECT_ERROR that did not come from a server.
        public static let forbiddenKind = Kind(value: .forbiddenKind)
        /// A binary packet without "count-".
        public static let invalidAttachmentCount = Kind(value: .invalidAttachmentCount)
        public static let tooManyAttachments = Kind(value: .tooManyAttachments)
        public static let namespaceTooLong = Kind(value: .namespaceTooLong)
        /// An acknowledgement's number that does not fit 64 bits.
        public static let invalidAckID = Kind(value: .invalidAckID)
        /// A payload that is no JSON, or is nested too deeply.
        public static let invalidJSON = Kind(value: .invalidJSON)
        /// A payload whose shape does not fit the packet's kind.
        public static let invalidPayload = Kind(value: .invalidPayload)
        /// An event with a reserved name.
        public static let reservedEventName = Kind(value: .reservedEventName)
        public static let eventNameTooLong = Kind(value: .eventNameTooLong)
        /// A placeholder whose number is missing, not an integer, repeated, or not that of an attachment.
        public static let invalidPlaceholder = Kind(value: .invalidPlaceholder)
        /// Text where attachments must follow.
        public static let textDuringReassembly = Kind(value: .textDuringReassembly)
        /// A binary message that no packet announced.
        public static let unexpectedBinary = Kind(value: .unexpectedBinary)
        public static let attachmentsTooBig = Kind(value: .attachmentsTooBig)
        /// More events before the answer to a join than a client keeps.
        public static let tooManyEarlyEvents = Kind(value: .tooManyEarlyEvents)
    }

    public var kind: Kind
    /// Why the payload is not JSON.
    public var cause: JSONSyntaxError?

    public init(_ kind: Kind, cause: JSONSyntaxError? = nil) {
        self.kind = kind
        self.cause = cause
    }
}

extension SocketIOProtocolError: CustomStringConvertible {
    /// Safe to log: holds nothing of what was received.
    public var description: String {
        cause.map { "Socket.IO protocol error: \(kind) (\($0))" } ?? "Socket.IO protocol error: \(kind)"
    }
}
