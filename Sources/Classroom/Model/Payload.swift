/// A request's payload, free of any wire format: what the rules and the validator work on.
public indirect enum Payload: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Payload])
    case object([String: Payload])
}

extension Payload {
    /// The member of an object; nil when it is absent or when this is no object.
    public subscript(key: String) -> Payload? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    public var isNull: Bool { self == .null }

    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    public var array: [Payload]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    public var object: [String: Payload]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// A finite number; a numeric string counts as one.
    public var number: Double? {
        switch self {
        case .number(let value): value.isFinite ? value : nil
        case .string(let text): Payload.number(in: text)
        default: nil
        }
    }

    /// A whole number; a numeric string counts as one. Nil for a number with a fraction.
    public var int: Int? {
        guard let number, number.rounded(.towardZero) == number, abs(number) < 9_007_199_254_740_992 else { return nil }
        return Int(number)
    }

    /// Plain decimal notation only: what `Double` accepts besides (`0x1p3`, `nan`, `inf`) is text to a player.
    private static func number(in text: String) -> Double? {
        guard text.utf8.count <= 128 else { return nil }
        let trimmed = text.trimmingSpaces().withPlainDigits
        guard !trimmed.isEmpty, trimmed.utf8.count <= 32 else { return nil }
        let plain = trimmed.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard plain, let value = Double(trimmed), value.isFinite else { return nil }
        return value
    }
}

extension Payload: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: Payload...) { self = .array(elements) }

    public init(dictionaryLiteral elements: (String, Payload)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
