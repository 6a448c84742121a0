public import NIOCore

/// A valid JSON text (RFC 8259) that has not been parsed: usually a slice of the bytes that were received.
///
/// Looking something up scans the text once and allocates nothing; passing it on (``JSONWritable``) copies its bytes. ``elements``,
/// ``members`` and ``decode(_:)`` note where the containers within it end, so that reading all levels costs no more than a few passes over
/// the text, whatever its depth. A slice keeps the memory of what was received alive: what is held on to for long is better decoded.
///
/// RFC 8259 leaves some things to the reader. The rules here:
/// - Any value may be a text, not only an object or an array. A byte order mark is refused, and so are bytes that are not UTF-8.
/// - Containers may stand within one another as deep as a limit says (128 by default); an empty one counts as a level.
/// - The last member counts when a key is repeated. Keys are the same when their code points are, escaped or not, without normalisation.
/// - Half a surrogate pair (`"\uD800"`) is valid. It becomes U+FFFD in a Swift string, and stays as it is in what is passed on.
/// - A number may have any number of digits. As an integer it must be whole and fit; as a `Double` it is the nearest one, zero when it is
///   too small, and none when it is too large (`1e999`).
///
/// Two slices are equal when their bytes are: `1` is not `1.0`.
public struct JSONSlice: Sendable {
    /// The text, without whitespace around it.
    public let bytes: ByteBuffer
    /// The ends of the containers within it, if known.
    let place: JSONStructure.Place?

    /// Validates a text.
    ///
    /// - Parameter maximumDepth: arrays and objects that may stand within one another.
    public init(validating bytes: ByteBuffer, maximumDepth: Int = 128) throws(JSONSyntaxError) {
        let range = try bytes.withUnsafeReadableBytes { raw throws(JSONSyntaxError) in
            var scanner = JSONScanner(raw)
            var elements = JSONElementIndex()
            return try scanner.validate(maximumDepth: maximumDepth, elements: &elements, collects: false).range
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
        place = nil
    }

    init(_ range: Range<Int>, of outer: JSONSlice, place: JSONStructure.Place?) {
        bytes = Self.slice(range, of: outer.bytes)
        self.place = place
    }

    /// The text `null`.
    public static let null = JSONSlice(unchecked: ByteBuffer(string: "null"))

    public var kind: JSONKind {
        switch bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) {
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

    /// Whether more containers stand within one another than that. Looks no further than the first that is too many.
    public func isNested(deeperThan maximumDepth: Int) -> Bool {
        bytes.withUnsafeReadableBytes { JSONScanner($0).isNested(deeperThan: maximumDepth) }
    }
}

extension JSONSlice: Hashable {
    public static func == (left: JSONSlice, right: JSONSlice) -> Bool { left.bytes == right.bytes }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension JSONSlice: CustomStringConvertible {
    public var description: String { String(buffer: bytes) }
}

/// The six kinds of JSON values (RFC 8259 §3).
public enum JSONKind: Sendable, Hashable {
    case null, bool, number, string, array, object
}
