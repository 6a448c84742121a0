public import NIOCore

/// A valid JSON text that has not been parsed: usually a slice of the bytes that were received.
///
/// Looking something up scans the text and allocates nothing; passing it on (``JSONWritable``) copies its bytes. It keeps the memory of
/// what was received alive, so what is held on to for long is better decoded.
///
/// Two slices are equal when their bytes are, `1` is not `1.0`.
public struct JSONSlice: Sendable, Hashable {
    /// The text, without whitespace around it.
    public let bytes: ByteBuffer

    /// Validates a text.
    ///
    /// - Parameter maximumDepth: arrays and objects that may stand within one another.
    public init(validating bytes: ByteBuffer, maximumDepth: Int = 128) throws(JSONSyntaxError) {
        let range = try bytes.withUnsafeReadableBytes { raw throws(JSONSyntaxError) in
            var scanner = JSONScanner(raw)
            var elements = JSONElementIndex()
            return try scanner.validate(maximumDepth: maximumDepth, elements: &elements, collects: false)
        }
        self.init(unchecked: Self.slice(range, of: bytes))
    }

    /// Validates a text.
    public init(_ text: String) throws(JSONSyntaxError) {
        try self.init(validating: ByteBuffer(string: text))
    }

    /// For bytes that are known to be one valid JSON text, without whitespace around it.
    package init(unchecked bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// The text `null`.
    public static let null = JSONSlice(unchecked: ByteBuffer(string: "null"))

    public var kind: JSONKind {
        switch self.bytes.getInteger(at: self.bytes.readerIndex, as: UInt8.self) {
        case JSONByte.quote: .string
        case JSONByte.openBrace: .object
        case JSONByte.openBracket: .array
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case JSONByte.minus, .some(JSONByte.zero...JSONByte.nine): .number
        default: .null
        }
    }

    @inline(__always)
    static func slice(_ range: Range<Int>, of bytes: ByteBuffer) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex &+ range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    func slice(_ range: Range<Int>) -> JSONSlice { JSONSlice(unchecked: Self.slice(range, of: self.bytes)) }
}

extension JSONSlice: CustomStringConvertible {
    public var description: String { String(buffer: self.bytes) }
}
