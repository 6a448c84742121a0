/// A value that writes itself as JSON: what events and acknowledgements carry.
///
/// Writing exactly one value is the contract. A type that is `Encodable` needs no more than the conformance; one that is sent often writes
/// itself faster with the writer's own calls.
public protocol JSONWritable {
    func write(to writer: inout JSONWriter)
}

/// The JSON value null.
public struct JSONNull: JSONWritable, Sendable, Hashable {
    public init() {}

    public func write(to writer: inout JSONWriter) { writer.null() }
}

/// An object made on the spot, without a type of its own.
public struct JSONObject: JSONWritable {
    private let body: (inout JSONWriter) -> Void

    /// - Parameter body: writes the members with ``JSONWriter/field(_:_:)`` or ``JSONWriter/key(_:)``. It may be called several times, or never.
    public init(_ body: @escaping (inout JSONWriter) -> Void) {
        self.body = body
    }

    public func write(to writer: inout JSONWriter) { writer.object(body) }
}

/// An `Encodable` value where a ``JSONWritable`` is asked for.
public struct JSONEncoded<Value: Encodable>: JSONWritable {
    public var value: Value

    public init(_ value: Value) { self.value = value }

    /// Writes null if the value refuses to be encoded.
    public func write(to writer: inout JSONWriter) { writer.encodeOrNull(value) }
}

extension JSONEncoded: Sendable where Value: Sendable {}
