struct JSONUnkeyedEncoding: UnkeyedEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var count: Int { node.count }

    func encodeNil() { node.element().value = .null }
    func encode(_ value: Bool) { node.element().value = .bool(value) }
    func encode(_ value: String) { node.element().value = .string(value) }
    func encode(_ value: Double) { node.element().value = .double(value) }
    func encode(_ value: Float) { node.element().value = .float(value) }
    func encode(_ value: Int) { node.element().integer(value) }
    func encode(_ value: Int8) { node.element().integer(value) }
    func encode(_ value: Int16) { node.element().integer(value) }
    func encode(_ value: Int32) { node.element().integer(value) }
    func encode(_ value: Int64) { node.element().integer(value) }
    func encode(_ value: UInt) { node.element().integer(value) }
    func encode(_ value: UInt8) { node.element().integer(value) }
    func encode(_ value: UInt16) { node.element().integer(value) }
    func encode(_ value: UInt32) { node.element().integer(value) }
    func encode(_ value: UInt64) { node.element().integer(value) }

    func encode<T: Encodable>(_ value: T) throws {
        let path = codingPath + [JSONIndexKey(count)]
        try node.element().box(value, codingPath: path)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { encoder() }

    private func encoder() -> JSONNodeEncoder {
        let path = codingPath + [JSONIndexKey(count)]
        return JSONNodeEncoder(node: node.element(), codingPath: path)
    }
}
