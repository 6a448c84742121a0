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
