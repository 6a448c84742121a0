struct JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let object: JSONSlice
    private let members: JSONMembers
    let path: JSONCodingPath?
    var codingPath: [any CodingKey] { JSONCodingPath.keys(self.path) }

    init(object: JSONSlice, path: JSONCodingPath?) {
        self.object = object
        self.members = JSONMembers(object)
        self.path = path
    }

    var allKeys: [Key] { self.members.names.compactMap { Key(stringValue: $0) } }
    func contains(_ key: Key) -> Bool { self.members.value(for: key.stringValue) != nil }

    private func value(_ key: some CodingKey) throws -> JSONSlice {
        guard let value = self.members.value(for: key.stringValue) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: self.codingPath, debugDescription: "no member \"\(key.stringValue)\""))
        }
        return value
    }

    func decodeNil(forKey key: Key) throws -> Bool { try self.value(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try self.value(key).boolean(self.path, key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try self.value(key).text(self.path, key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try self.value(key).floatingPoint(type, self.path, key) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try self.value(key).floatingPoint(type, self.path, key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try self.value(key).integer(type, self.path, key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try self.value(key).integer(type, self.path, key) }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try self.value(key).unbox(type, path: self.path, key: key)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        try self.decoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try self.decoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        JSONSliceDecoder(slice: self.members.value(for: "super") ?? .null, path: self.path)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try self.decoder(forKey: key) }

    private func decoder(forKey key: Key) throws -> JSONSliceDecoder {
        JSONSliceDecoder(slice: try self.value(key), path: .appending(key, to: self.path))
    }
}
