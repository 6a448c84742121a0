import NIOCore

extension JSONWriter {
    public mutating func null() {
        self.separate()
        self.buffer.writeStaticString("null")
    }

    public mutating func bool(_ value: Bool) {
        self.separate()
        self.buffer.writeStaticString(value ? "true" : "false")
    }

    public mutating func int(_ value: Int) { self.integer(value) }

    /// An integer in full: JavaScript reads one beyond 2⁵³ with a loss.
    @inlinable
    public mutating func integer(_ value: some FixedWidthInteger) {
        if let magnitude = UInt64(exactly: value.magnitude) {
            self.integer(magnitude: magnitude, isNegative: value < 0)
        } else {
            self.number(String(value))
        }
    }

    /// The shortest text that reads back as the same number, without ".0" for an integer. What is not finite becomes null.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return self.null() }
        if let integer = Int(exactly: value), integer.magnitude < 1 << 53 { return self.int(integer) }
        self.number(value.description)
    }

    /// Same as ``double(_:)``, but the shortest for the narrower type: 0.1, not 0.10000000149011612.
    public mutating func float(_ value: Float) {
        guard value.isFinite else { return self.null() }
        if let integer = Int(exactly: value), integer.magnitude < 1 << 24 { return self.int(integer) }
        self.number(value.description)
    }

    /// A valid JSON text as it is.
    public mutating func raw(_ slice: JSONSlice) {
        self.separate()
        self.buffer.writeImmutableBuffer(slice.bytes)
    }

    @usableFromInline
    mutating func number(_ text: String) {
        self.separate()
        self.buffer.writeString(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    @usableFromInline
    mutating func integer(magnitude: UInt64, isNegative: Bool) {
        self.separate()
        if isNegative { self.buffer.writeInteger(JSONByte.minus) }
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { JSONDigits.write(magnitude, to: $0, at: 0) }
    }
}
