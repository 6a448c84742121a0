/// A text that is not JSON, or is nested too deeply.
public struct JSONSyntaxError: Error, Sendable, Hashable {
    /// The kind of error. More kinds may come.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        enum Value: String {
            case unexpectedEnd, unexpectedByte, invalidString, invalidEscape, invalidUTF8, invalidNumber, tooDeep, trailingBytes
        }

        let value: Value

        public var description: String { value.rawValue }

        /// The text ends within a value.
        public static let unexpectedEnd = Kind(value: .unexpectedEnd)
        /// A byte that cannot stand where it stands.
        public static let unexpectedByte = Kind(value: .unexpectedByte)
        /// A control character within a string.
        public static let invalidString = Kind(value: .invalidString)
        /// A backslash before something it cannot escape.
        public static let invalidEscape = Kind(value: .invalidEscape)
        /// Bytes within a string that are not UTF-8.
        public static let invalidUTF8 = Kind(value: .invalidUTF8)
        /// A number with a leading zero, or without the digits its point or exponent needs.
        public static let invalidNumber = Kind(value: .invalidNumber)
        /// More levels than the limit.
        public static let tooDeep = Kind(value: .tooDeep)
        /// Something after the value.
        public static let trailingBytes = Kind(value: .trailingBytes)
    }

    public var kind: Kind
    /// The place, in bytes from the beginning of the text.
    public var offset: Int

    @usableFromInline
    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    public var description: String { "invalid JSON: \(kind) at byte \(offset)" }
}
