import NIOCore

extension JSONSlice {
    public var isNull: Bool { self.kind == .null }

    /// The text, if this is a string. Half a surrogate pair in it becomes U+FFFD.
    public var string: String? {
        guard self.kind == .string else { return nil }
        return self.bytes.withUnsafeReadableBytes { raw in
            let inner = UnsafeRawBufferPointer(rebasing: raw[1..<max(raw.count - 1, 1)])
            return JSONString.decode(inner, hasEscapes: inner.contains(JSONByte.backslash))
        }
    }

    public var bool: Bool? {
        switch self.bytes.getInteger(at: self.bytes.readerIndex, as: UInt8.self) {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The number, if it is an integer that fits. `2.0` is an integer, as it is to JavaScript.
    public var int: Int? { self.integer(as: Int.self) }

    /// The number, if it is finite as a `Double`.
    public var double: Double? {
        guard self.kind == .number else { return nil }
        return self.bytes.withUnsafeReadableBytes { JSONNumber.double($0) }
    }

    /// The number, if it is an integer that fits the type.
    public func integer<Integer: FixedWidthInteger>(as type: Integer.Type) -> Integer? {
        guard self.kind == .number else { return nil }
        return self.bytes.withUnsafeReadableBytes { JSONNumber.integer($0, as: type) }
    }
}
