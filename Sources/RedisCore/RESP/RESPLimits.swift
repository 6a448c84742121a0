/// Bounds of one RESP value. Beyond any of them the connection cannot go on, because there is no way to skip a value cheaply.
public struct RESPLimits: Sendable, Hashable {
    /// Arrays, maps, sets, pushes and attributes that may stand within one another.
    public var maximumDepth: Int
    /// Bytes of one bulk string. Redis itself allows 512 MiB.
    public var maximumBulkBytes: Int
    /// Bytes of a line: a simple string, an error, a number.
    public var maximumLineBytes: Int
    /// Elements of one value, those of all its levels counted together; a map's entry counts twice.
    public var maximumElements: Int
    /// Bytes of one value with everything in it.
    public var maximumValueBytes: Int

    public init(
        maximumDepth: Int = 32, maximumBulkBytes: Int = 64 << 20, maximumLineBytes: Int = 64 << 10, maximumElements: Int = 1 << 20,
        maximumValueBytes: Int = 128 << 20
    ) {
        self.maximumDepth = maximumDepth
        self.maximumBulkBytes = maximumBulkBytes
        self.maximumLineBytes = maximumLineBytes
        self.maximumElements = maximumElements
        self.maximumValueBytes = maximumValueBytes
    }
}

/// Bytes that are no RESP, or exceed ``RESPLimits``. The connection has to be closed: nothing after them can be read.
public struct RESPProtocolError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of violations.
    public enum Code: Sendable, Hashable {
        case unknownType, invalidLine, invalidNumber, invalidLength, invalidBoolean, invalidVerbatimString, missingLineEnd
        /// Streamed strings and aggregates (`$?`, `*?`): in the specification of version 3, sent by no Redis.
        case streamedValue
        /// A push within another value.
        case nestedPush
        case tooDeep, bulkTooLong, lineTooLong, tooManyElements, valueTooLong
    }

    public let code: Code

    public init(_ code: Code) { self.code = code }

    public var description: String { "RESP violation: \(code)" }
}
