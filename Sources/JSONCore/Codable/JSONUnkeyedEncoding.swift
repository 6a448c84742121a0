struct JSONUnkeyedEncoding: UnkeyedEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var count: Int { self.node.count }

    func encodeNil() { self.node.element().value = .null }
    func encode(_ value: Bool) { self.node.element().value = .bool(value) }
    func encode(_ value: String) { self.node.element().value = .string(value) }
    func encode(_ value: Double) { self.node.element().value = .double(value) }
    func encode(_ value: Float) { self.node.element().value = .float(value) }
    func encode(_ value: Int) { self.node.element().integer(value) }
    func encode(_ value: Int8) { self.node.element().integer(value) }
    func encode(_ value: Int16) { self.node.element().integer(value) }
    func encode(_ value: Int32) { self.node.element().integer(value) }
    func encode(_ value: Int64) { self.node.element().integer(value) }
    func encode(_ value: UInt) { self.node.element().integer(value) }
    func encode(_ value: UInt8) { self.node.element().integer(value) }
    func encode(_ value: UInt16) { self.node.element().integer(value) }
    func encode(_ value: UInt32) { self.node.element().integer(value) }
    func encode(_ value: UInt64) { self.node.element().integer(value) }

    func encode<T: Encodable>(_ value: T) throws {
        let path = self.codingPath + [JSONIndexKey(self.count)]
        try self.node.element().box(value, codingPath: path)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        self.encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self.encoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { self.encoder() }

    private func encoder() -> JSONNodeEncoder {
        let path = self.codingPath + [JSONIndexKey(self.count)]
        return JSONNodeEncoder(node: self.node.element(), codingPath: path)
    }
}
