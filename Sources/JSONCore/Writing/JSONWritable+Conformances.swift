public import NIOCore

extension String: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Substring: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Bool: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.bool(self) }
}

extension Double: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.double(self) }
}

extension Float: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.float(self) }
}

extension Int: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Int8: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Int16: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Int32: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Int64: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt8: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt16: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt32: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension UInt64: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension JSONSlice: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.raw(self) }
}

/// A binary value: an attachment of the packet.
extension ByteBuffer: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.binary(self) }
}

/// Null when there is no value.
extension Optional: JSONWritable where Wrapped: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        if let self { self.write(to: &writer) } else { writer.null() }
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        writer.array { for element in self { element.write(to: &$0) } }
    }
}

/// The members' order is that of the dictionary: none.
extension Dictionary: JSONWritable where Key == String, Value: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        writer.object { for (key, value) in self { $0.field(key, value) } }
    }
}

extension JSONWritable where Self: RawRepresentable, RawValue: JSONWritable {
    public func write(to writer: inout JSONWriter) { rawValue.write(to: &writer) }
}

extension JSONWritable where Self: Encodable {
    /// Writes null if the value refuses to be encoded.
    public func write(to writer: inout JSONWriter) { writer.encodeOrNull(self) }
}

extension JSONWritable where Self: RawRepresentable & Encodable, RawValue: JSONWritable {
    public func write(to writer: inout JSONWriter) { rawValue.write(to: &writer) }
}
