extension JSONWriter {
    /// A value through `Encodable`. Convenient rather than fast.
    ///
    /// - Throws: What the value's `encode(to:)` throws; nothing is written then.
    public mutating func encode(_ value: some Encodable) throws {
        let node = JSONNode()
        try node.box(value, codingPath: [])
        node.write(to: &self)
    }

    mutating func encodeOrNull(_ value: some Encodable) {
        do { try self.encode(value) } catch { self.null() }
    }
}

/// The `Encoder` that an `Encodable` is given.
struct JSONNodeEncoder: Encoder {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .empty = self.node.value { self.node.value = .object([]) }
        return KeyedEncodingContainer(JSONKeyedEncoding<Key>(node: self.node, codingPath: self.codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .empty = self.node.value { self.node.value = .array([]) }
        return JSONUnkeyedEncoding(node: self.node, codingPath: self.codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        JSONSingleValueEncoding(node: self.node, codingPath: self.codingPath)
    }
}

struct JSONSingleValueEncoding: SingleValueEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]

    func encodeNil() { self.node.value = .null }
    func encode(_ value: Bool) { self.node.value = .bool(value) }
    func encode(_ value: String) { self.node.value = .string(value) }
    func encode(_ value: Double) { self.node.value = .double(value) }
    func encode(_ value: Float) { self.node.value = .float(value) }
    func encode(_ value: Int) { self.node.integer(value) }
    func encode(_ value: Int8) { self.node.integer(value) }
    func encode(_ value: Int16) { self.node.integer(value) }
    func encode(_ value: Int32) { self.node.integer(value) }
    func encode(_ value: Int64) { self.node.integer(value) }
    func encode(_ value: UInt) { self.node.integer(value) }
    func encode(_ value: UInt8) { self.node.integer(value) }
    func encode(_ value: UInt16) { self.node.integer(value) }
    func encode(_ value: UInt32) { self.node.integer(value) }
    func encode(_ value: UInt64) { self.node.integer(value) }
    func encode<T: Encodable>(_ value: T) throws { try self.node.box(value, codingPath: self.codingPath) }
}
