struct JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let members: JSONMembers
    let path: JSONCodingPath?
    var codingPath: [any CodingKey] { JSONCodingPath.keys(self.path) }

    init(object: JSONSlice, path: JSONCodingPath?) {
        members = JSONMembers(object)
        self.path = path
    }

    var allKeys: [Key] { members.names.compactMap { Key(stringValue: $0) } }
    func contains(_ key: Key) -> Bool { members.value(for: key.stringValue) != nil }

    private func value(_ key: some CodingKey) throws -> JSONSlice {
        guard let value = members.value(for: key.stringValue) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: self.codingPath, debugDescription: "no member \"\(key.stringValue)\""))
        }
        return value
    }

    func decodeNil(forKey key: Key) throws -> Bool { try value(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key).boolean(path, key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key).text(path, key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key).floatingPoint(type, path, key) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key).floatingPoint(type, path, key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try value(key).integer(type, path, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try value(key).integer(type, path, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try value(key).integer(type, path, key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try value(key).integer(type, path, key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try value(key).integer(type, path, key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try value(key).integer(type, path, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try value(key).integer(type, path, key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try value(key).integer(type, path, key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try value(key).integer(type, path, key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try value(key).integer(type, path, key) }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try value(key).unbox(type, path: path, key: key)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        try decoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        JSONSliceDecoder(slice: members.value(for: "super") ?? .null, path: path)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(forKey: key) }

    private func decoder(forKey key: Key) throws -> JSONSliceDecoder {
        JSONSliceDecoder(slice: try value(key), path: .appending(key, to: path))
    }
}
