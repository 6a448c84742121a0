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
        do { try encode(value) } catch { null() }
    }
}

/// The `Encoder` that an `Encodable` is given.
struct JSONNodeEncoder: Encoder {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .empty = node.value { node.value = .object }
        return KeyedEncodingContainer(JSONKeyedEncoding<Key>(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .empty = node.value { node.value = .array(count: 0) }
        return JSONUnkeyedEncoding(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        JSONSingleValueEncoding(node: node, codingPath: codingPath)
    }
}

struct JSONSingleValueEncoding: SingleValueEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]

    func encodeNil() { node.value = .null }
    func encode(_ value: Bool) { node.value = .bool(value) }
    func encode(_ value: String) { node.value = .string(value) }
    func encode(_ value: Double) { node.value = .double(value) }
    func encode(_ value: Float) { node.value = .float(value) }
    func encode(_ value: Int) { node.integer(value) }
    func encode(_ value: Int8) { node.integer(value) }
    func encode(_ value: Int16) { node.integer(value) }
    func encode(_ value: Int32) { node.integer(value) }
    func encode(_ value: Int64) { node.integer(value) }
    func encode(_ value: UInt) { node.integer(value) }
    func encode(_ value: UInt8) { node.integer(value) }
    func encode(_ value: UInt16) { node.integer(value) }
    func encode(_ value: UInt32) { node.integer(value) }
    func encode(_ value: UInt64) { node.integer(value) }
    func encode<T: Encodable>(_ value: T) throws { try node.box(value, codingPath: codingPath) }
}
