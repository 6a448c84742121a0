public import NIOCore

extension JSONWriter {
    public mutating func null() {
        separate()
        buffer.writeStaticString("null")
    }

    public mutating func bool(_ value: Bool) {
        separate()
        buffer.writeStaticString(value ? "true" : "false")
    }

    public mutating func int(_ value: Int) { integer(value) }

    /// An integer in full: JavaScript reads one beyond 2⁵³ with a loss.
    @inlinable
    public mutating func integer(_ value: some FixedWidthInteger) {
        if let magnitude = UInt64(exactly: value.magnitude) {
            integer(magnitude: magnitude, isNegative: value < 0)
        } else {
            number(String(value))
        }
    }

    /// The shortest text that reads back as the same number, without ".0" for an integer. What is not finite becomes null.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        if let integer = Int(exactly: value), integer.magnitude < 1 << 53 { return int(integer) }
        number(value.description)
    }

    /// Same as ``double(_:)``, but the shortest for the narrower type: 0.1, not 0.10000000149011612.
    public mutating func float(_ value: Float) {
        guard value.isFinite else { return null() }
        if let integer = Int(exactly: value), integer.magnitude < 1 << 24 { return int(integer) }
        number(value.description)
    }

    /// A valid JSON text as it is.
    public mutating func raw(_ slice: JSONSlice) {
        separate()
        buffer.writeImmutableBuffer(slice.bytes)
    }

    /// A binary value. In a packet it becomes an attachment; in a text that travels alone it is written as base64.
    public mutating func binary(_ bytes: ByteBuffer) {
        guard let number = attachments?.count else { return base64(bytes) }
        attachments?.append(bytes)
        placeholder(number)
    }

    /// Stands where the attachment of that number belongs.
    public mutating func placeholder(_ number: Int) {
        object { writer in
            writer.field("_placeholder", true)
            writer.field("num", number)
        }
    }

    private mutating func base64(_ bytes: ByteBuffer) {
        let node = JSONNode()
        // SwiftNIO's own coding of a buffer is base64.
        do { try bytes.encode(to: JSONNodeEncoder(node: node, codingPath: [])) } catch { node.value = .null }
        node.write(to: &self)
    }

    @usableFromInline
    mutating func number(_ text: String) {
        separate()
        buffer.writeString(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    @usableFromInline
    mutating func integer(magnitude: UInt64, isNegative: Bool) {
        separate()
        if isNegative { buffer.writeInteger(JSONByte.minus) }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { JSONDigits.write(magnitude, to: $0, at: 0) }
    }
}
