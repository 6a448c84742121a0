import NIOCore
public import JSONCore

/// A value of a script's variable, or of a decoded message: JSON as a tree.
public enum ScriptValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([ScriptValue])
    case object([Member])

    public struct Member: Sendable, Hashable {
        public var key: String
        public var value: ScriptValue

        public init(_ key: String, _ value: ScriptValue) {
            self.key = key
            self.value = value
        }
    }

    /// Decodes the whole slice.
    public init(_ slice: JSONSlice) {
        switch slice.kind {
        case .null: self = .null
        case .bool: self = .bool(slice.bool ?? false)
        case .number: self = slice.int.map(ScriptValue.int) ?? .double(slice.double ?? .nan)
        case .string: self = .string(slice.string ?? "")
        case .array: self = .array(slice.elements.map(ScriptValue.init))
        case .object:
            var members: [Member] = []
            for (key, value) in slice.members {
                // The last one counts when a key is repeated, as it does to JavaScript.
                members.removeAll { $0.key == key }
                members.append(Member(key, ScriptValue(value)))
            }
            self = .object(members)
        }
    }

    /// The node's value. Templates in it remain texts.
    init(_ node: DocumentNode) {
        switch node.content {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .sequence(let nodes): self = .array(nodes.map(ScriptValue.init))
        case .mapping(let members): self = .object(members.map { Member($0.key, ScriptValue($0.value)) })
        }
    }

    public subscript(key: String) -> ScriptValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// The number, or the number that a string spells. True is 1 and false is 0.
    public var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        case .string(let text): Double(text)
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    /// Whether JavaScript counts the value as true, with one exception: the strings "false" and "0", which CSV files hold, are false.
    public var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0 && !value.isNaN
        case .string(let text): !text.isEmpty && text != "false" && text != "0"
        case .array, .object: true
        }
    }

    /// The value as part of a text: strings without quotation marks, arrays and objects as JSON, null as an empty text.
    public var text: String {
        switch self {
        case .null: return ""
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .string(let value): return value
        case .double, .array, .object: return json
        }
    }

    /// The value as JSON.
    public var json: String {
        var writer = JSONWriter()
        write(to: &writer)
        return String(buffer: writer.buffer)
    }

    /// Equality as scripts mean it. A number equals the string that spells it, because CSV and templates turn one into the other. Arrays and
    /// objects are compared deeply, and the order of members does not count.
    public func matches(_ other: ScriptValue) -> Bool {
        switch (self, other) {
        case (.array(let one), .array(let two)): return one.count == two.count && zip(one, two).allSatisfy { $0.matches($1) }
        case (.object(let one), .object(let two)):
            return one.count == two.count && one.allSatisfy { member in other[member.key].map { member.value.matches($0) } ?? false }
        case (.null, .null): return true
        case (.bool(let one), .bool(let two)): return one == two
        case (.string(let one), .string(let two)): return one == two
        case (.bool, _), (_, .bool): return text == other.text && !text.isEmpty
        case (.int, _), (.double, _), (_, .int), (_, .double):
            guard let one = number, let two = other.number else { return false }
            return one == two
        default: return false
        }
    }
}

extension ScriptValue: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let value): writer.int(value)
        case .double(let value): writer.double(value)
        case .string(let value): writer.string(value)
        case .array(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members { writer.field(member.key, member.value) }
            writer.endObject()
        }
    }
}

extension ScriptValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: ScriptValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, ScriptValue)...) { self = .object(elements.map { Member($0, $1) }) }
}
