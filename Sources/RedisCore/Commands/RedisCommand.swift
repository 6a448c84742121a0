public import NIOCore

/// One argument of a command. A literal is one: `RedisCommand("SET", "key", 1)`.
public enum RedisArgument: Sendable, Hashable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    case text(String)
    case bytes(ByteBuffer)
    case integer(Int64)
    case double(Double)

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// At most so many bytes, without its frame.
    var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.readableBytes
        case .integer: 20
        case .double: 24
        }
    }

    /// The argument as it is sent.
    public var encoded: ByteBuffer {
        switch self {
        case .text(let text): ByteBuffer(string: text)
        case .bytes(let bytes): bytes
        case .integer(let value): ByteBuffer(string: String(value))
        case .double(let value): ByteBuffer(string: RESPNumber.text(value))
        }
    }
}

/// A command with its arguments.
///
/// Its description is its name alone: arguments may hold passwords and what people wrote.
public struct RedisCommand: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public let name: String
    public let arguments: [RedisArgument]

    public init(_ name: String, _ arguments: RedisArgument...) {
        self.init(name, arguments: arguments)
    }

    public init(_ name: String, arguments: [RedisArgument]) {
        self.name = name
        self.arguments = arguments
    }

    /// Bytes that it takes on the wire, or a little less: the measure of the queue's limits.
    public var byteCount: Int {
        arguments.reduce(name.utf8.count + 16) { $0 + $1.byteCount + 8 }
    }

    public var description: String { "\(name) with \(arguments.count) arguments" }
    public var customMirror: Mirror { Mirror(self, children: ["name": name, "arguments": arguments.count]) }
}
