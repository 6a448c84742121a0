struct JSONKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONNode
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { node.member(key.stringValue).value = .null }
    func encode(_ value: Bool, forKey key: Key) { node.member(key.stringValue).value = .bool(value) }
    func encode(_ value: String, forKey key: Key) { node.member(key.stringValue).value = .string(value) }
    func encode(_ value: Double, forKey key: Key) { node.member(key.stringValue).value = .double(value) }
    func encode(_ value: Float, forKey key: Key) { node.member(key.stringValue).value = .float(value) }
    func encode(_ value: Int, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: Int8, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: Int16, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: Int32, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: Int64, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: UInt, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: UInt8, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: UInt16, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: UInt32, forKey key: Key) { node.member(key.stringValue).integer(value) }
    func encode(_ value: UInt64, forKey key: Key) { node.member(key.stringValue).integer(value) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try node.member(key.stringValue).box(value, codingPath: codingPath + [key])
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        encoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(forKey: key).unkeyedContainer() }

    func superEncoder() -> any Encoder { JSONNodeEncoder(node: node.member("super"), codingPath: codingPath) }

    func superEncoder(forKey key: Key) -> any Encoder { encoder(forKey: key) }

    private func encoder(forKey key: Key) -> JSONNodeEncoder {
        JSONNodeEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key])
    }
}
