public import NIOCore

/// Appends JSON to a buffer, without intermediate values. It writes the commas; the caller must match every `begin…` with its `end…`.
///
///     writer.object { writer in
///         writer.field("room", room)
///         writer.key("members"); writer.array { for member in members { $0.string(member.name) } }
///     }
public struct JSONWriter: Sendable {
    /// The text so far, behind whatever the buffer held before.
    public var buffer: ByteBuffer

    /// Whether the next value or key stands after another one. One flag is enough for all levels: whatever was just ended is a value.
    @usableFromInline
    var needsComma: Bool

    /// Binary values that were written, each with a placeholder in the text. nil: nothing travels beside the text, and a binary value is
    /// written as base64.
    @usableFromInline
    package var attachments: [ByteBuffer]?

    @inlinable
    public init(buffer: consuming ByteBuffer = ByteBuffer()) {
        self.buffer = buffer
        needsComma = false
        attachments = nil
    }

    /// Appends to a buffer in place: it is lent to the writer and given back, and never copied.
    @inlinable
    public static func append(to buffer: inout ByteBuffer, _ body: (inout JSONWriter) -> Void) {
        // While the writer holds the buffer nobody else may, or each write would copy it; `consume` does not achieve that for a parameter
        // that is `inout`. The memory is initialised again on the only way out.
        withUnsafeMutablePointer(to: &buffer) { place in
            var writer = JSONWriter(buffer: place.move())
            body(&writer)
            place.initialize(to: writer.buffer)
        }
    }

    /// Appends to a buffer in place. Binary values are added to the attachments, and placeholders stand for them in the text.
    @inlinable
    package static func append(
        to buffer: inout ByteBuffer, attachments: inout [ByteBuffer], _ body: (inout JSONWriter) -> Void
    ) {
        // See `append(to:_:)`.
        withUnsafeMutablePointer(to: &buffer) { place in
            var writer = JSONWriter(buffer: place.move())
            writer.attachments = attachments
            body(&writer)
            attachments = writer.attachments ?? []
            place.initialize(to: writer.buffer)
        }
    }

    /// The text that `body` writes.
    package static func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(buffer: writer.buffer)
    }

    /// Prepares for a value or a key: writes the comma before it.
    @inlinable
    package mutating func separate() {
        if needsComma { buffer.writeInteger(JSONByte.comma) }
        needsComma = true
    }

    @inlinable
    public mutating func beginObject() {
        separate()
        buffer.writeInteger(JSONByte.openBrace)
        needsComma = false
    }

    @inlinable
    public mutating func endObject() {
        buffer.writeInteger(JSONByte.closeBrace)
        needsComma = true
    }

    @inlinable
    public mutating func beginArray() {
        separate()
        buffer.writeInteger(JSONByte.openBracket)
        needsComma = false
    }

    @inlinable
    public mutating func endArray() {
        buffer.writeInteger(JSONByte.closeBracket)
        needsComma = true
    }

    /// A member's name, within an object; its value follows.
    public mutating func key(_ key: String) {
        separate()
        quote(key)
        buffer.writeInteger(JSONByte.colon)
        needsComma = false
    }

    /// An object with the members that `body` writes.
    @inlinable
    public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try body(&self)
        endObject()
    }

    /// An array with the elements that `body` writes.
    @inlinable
    public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginArray()
        try body(&self)
        endArray()
    }

    /// Any value.
    @inlinable
    public mutating func value(_ value: some JSONWritable) {
        value.write(to: &self)
    }

    /// A member of an object.
    @inlinable
    public mutating func field(_ key: String, _ value: some JSONWritable) {
        self.key(key)
        value.write(to: &self)
    }
}
