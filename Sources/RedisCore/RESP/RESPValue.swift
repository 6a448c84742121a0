public import NIOCore

/// One value of the Redis serialization protocol, version 2 or 3 (RESP, https://redis.io/docs/latest/develop/reference/protocol-spec).
///
/// Both null forms of version 2 are ``null``, and so is the one of version 3. Attributes of version 3 are read and dropped.
public enum RESPValue: Sendable, Hashable {
    case null
    case simpleString(String)
    /// A simple or a bulk error: it is a reply like any other here, and becomes a thrown ``RedisError`` in the client.
    case error(RESPErrorReply)
    case integer(Int64)
    /// Shares memory with what was received: who keeps it for long copies it.
    case bulkString(ByteBuffer)
    /// A text with its three-letter format, `txt` or `mkd`.
    case verbatimString(format: String, ByteBuffer)
    case double(Double)
    case boolean(Bool)
    /// An integer of any size, as its digits.
    case bigNumber(String)
    case array([RESPValue])
    case set([RESPValue])
    /// In the order of arrival; keys may be any value.
    case map([RESPPair])
    /// Out-of-band data, such as the message of a subscription. Only at the top level.
    case push([RESPValue])
}

/// An entry of a map.
public struct RESPPair: Sendable, Hashable {
    public var key: RESPValue
    public var value: RESPValue

    public init(_ key: RESPValue, _ value: RESPValue) {
        self.key = key
        self.value = value
    }
}

/// An error as Redis words it: `WRONGTYPE Operation against a key …`.
public struct RESPErrorReply: Sendable, Hashable {
    /// The whole text. Redis repeats arguments in some of its errors, so this may hold what should not be logged.
    public let message: String

    public init(_ message: String) { self.message = message }

    /// The first word, in capitals by convention: `ERR`, `WRONGTYPE`, `NOSCRIPT`.
    public var kind: String {
        String(message.prefix { $0 != " " })
    }
}

extension RESPValue {
    /// A bulk string with a text.
    public static func text(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }

    public var isNull: Bool { self == .null }

    /// The text of any kind of string. Bytes that are no UTF-8 become U+FFFD.
    public var text: String? {
        switch self {
        case .simpleString(let text), .bigNumber(let text): text
        case .bulkString(let bytes), .verbatimString(_, let bytes): String(buffer: bytes)
        default: nil
        }
    }

    /// The bytes of any kind of string.
    public var bytes: ByteBuffer? {
        switch self {
        case .simpleString(let text), .bigNumber(let text): ByteBuffer(string: text)
        case .bulkString(let bytes), .verbatimString(_, let bytes): bytes
        default: nil
        }
    }

    /// The integer, also one that came as a string, as in replies of scripts and hashes.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .simpleString, .bulkString: text.flatMap(Int64.init)
        default: nil
        }
    }

    /// The number: version 2 sends scores as strings.
    public var double: Double? {
        switch self {
        case .double(let value): value
        case .integer(let value): Double(value)
        case .simpleString, .bulkString: text.flatMap(RESPNumber.double)
        default: nil
        }
    }

    /// The elements of an array, a set or a push.
    public var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        default: nil
        }
    }

    /// The entries of a map; version 2 sends one as an array of keys and values in turn.
    public var pairs: [RESPPair]? {
        switch self {
        case .map(let pairs): pairs
        case .array(let elements) where elements.count.isMultiple(of: 2):
            stride(from: 0, to: elements.count, by: 2).map { RESPPair(elements[$0], elements[$0 + 1]) }
        default: nil
        }
    }
}

/// Numbers as both sides write them.
enum RESPNumber {
    /// A floating-point number in decimal, `inf`, `-inf` or `nan`; hexadecimal forms, which Swift would read, are none.
    static func double(_ text: String) -> Double? {
        switch text {
        case "inf", "+inf": return .infinity
        case "-inf": return -.infinity
        case "nan", "-nan": return .nan
        default:
            let isDecimal = text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
                    || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E")
            }
            return isDecimal ? Double(text) : nil
        }
    }

    /// The shortest decimal form that reads back as the same number, without ".0" for an integer, as Redis writes it.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        if let integer = Int64(exactly: value), integer.magnitude < 1 << 53 { return String(integer) }
        return value.description
    }
}
