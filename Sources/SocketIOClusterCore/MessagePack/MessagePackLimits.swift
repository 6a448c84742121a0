/// Bounds of a message from another node. Anybody who reaches Redis can publish, so what is beyond them is refused before it costs anything.
public struct ClusterLimits: Sendable, Hashable {
    public var maximumMessageBytes: Int
    /// Arrays and objects within one another.
    public var maximumDepth: Int
    /// Binary values of one message; the clients of Socket.IO take no more in one packet.
    public var maximumAttachments: Int

    /// Bytes of a name: of a room, a namespace, a server, a request. Longer ones are not compared with ours, nor looked up: Swift does that by
    /// a text's normal form, which takes quadratic time if one letter has many marks.
    public static let maximumNameBytes = 1_024
    /// Rooms that a message names as its target.
    public static let maximumTargets = 10_000
    /// Rooms that a message makes sockets enter or leave.
    public static let maximumRoomsOfChange = 1_024
    /// Clients that one server may say it has asked.
    public static let maximumClients = 1 << 32

    public init(maximumMessageBytes: Int = 16 << 20, maximumDepth: Int = 128, maximumAttachments: Int = 10) {
        self.maximumMessageBytes = maximumMessageBytes
        self.maximumDepth = maximumDepth
        self.maximumAttachments = maximumAttachments
    }
}

/// A message of another node that cannot be read, or one that cannot be written. It holds nothing of the message, so it is safe to log.
public struct ClusterCodingError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// The bytes end within a value.
        case truncated
        /// Bytes follow the value.
        case trailingBytes
        /// No JSON.
        case invalidJSON
        /// A type byte that MessagePack does not have, or an extension that the adapters do not send.
        case unknownType
        /// A map's key that is neither a text nor an integer.
        case invalidKey
        case tooLong, tooDeep, tooManyAttachments, tooManyNames
        /// A `_placeholder` of the message's own, or one that names no attachment.
        case invalidPlaceholder
        /// The parts are not those of a message of this kind.
        case unexpectedShape
        /// A type number that no adapter has.
        case unknownMessage
    }

    public let code: Code

    public init(_ code: Code) { self.code = code }

    public var description: String { "cluster message: \(self.code)" }
}
