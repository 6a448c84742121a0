import NIOCore

extension JSONSlice {
    public var isNull: Bool { kind == .null }

    /// The text, if this is a string. Half a surrogate pair in it becomes U+FFFD.
    public var string: String? {
        guard kind == .string else { return nil }
        return bytes.withUnsafeReadableBytes { raw in
            var scanner = JSONScanner(raw)
            let hasEscapes = scanner.skipString()
            JSONWork.passed(raw.count)
            let inner = UnsafeRawBufferPointer(rebasing: raw[1..<max(raw.count - 1, 1)])
            return JSONString.decode(inner, hasEscapes: hasEscapes)
        }
    }

    public var bool: Bool? {
        switch bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The number, if it is an integer that fits. `2.0` and `2e3` are integers, as they are to JavaScript; every digit counts, so that
    /// `9007199254740993.0` is 9,007,199,254,740,993.
    public var int: Int? { integer(as: Int.self) }

    /// The nearest `Double` (IEEE 754, ties to even) to the number, however many digits it has; nil if that is not finite. What is too
    /// small for a `Double` is zero.
    public var double: Double? {
        guard kind == .number else { return nil }
        return bytes.withUnsafeReadableBytes { JSONNumber($0).double() }
    }

    /// The number, if it is an integer that fits the type.
    public func integer<Integer: FixedWidthInteger>(as type: Integer.Type) -> Integer? {
        guard kind == .number else { return nil }
        return bytes.withUnsafeReadableBytes { JSONNumber($0).integer(as: type) }
    }
}
