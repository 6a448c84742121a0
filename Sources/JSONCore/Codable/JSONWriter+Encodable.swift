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
