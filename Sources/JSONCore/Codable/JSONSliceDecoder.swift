/// The `Decoder` that a `Decodable` is given.
struct JSONSliceDecoder: Decoder {
    let slice: JSONSlice
    let path: JSONCodingPath?
    var codingPath: [any CodingKey] { JSONCodingPath.keys(self.path) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard slice.kind == .object else { throw slice.mismatch([String: Any].self, path, nil) }
        return KeyedDecodingContainer(JSONKeyedDecoding<Key>(object: slice, path: path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard slice.kind == .array else { throw slice.mismatch([Any].self, path, nil) }
        return JSONUnkeyedDecoding(array: slice, path: path)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        JSONSingleValueDecoding(slice: slice, path: path)
    }
}

extension JSONSlice: Codable {
    /// Takes the value unparsed. Only ``decode(_:)`` can: other decoders have no bytes to give.
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? JSONSliceDecoder else {
            throw DecodingError.typeMismatch(
                JSONSlice.self, .init(codingPath: decoder.codingPath, debugDescription: "a slice is decoded from a slice only"))
        }
        self = decoder.slice
    }

    /// Only ``JSONWriter/encode(_:)`` can: other encoders do not take bytes.
    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? JSONNodeEncoder else {
            throw EncodingError.invalidValue(
                self, .init(codingPath: encoder.codingPath, debugDescription: "a slice is encoded by a JSONWriter only"))
        }
        encoder.node.value = .slice(self)
    }
}

struct JSONSingleValueDecoding: SingleValueDecodingContainer {
    let slice: JSONSlice
    let path: JSONCodingPath?
    var codingPath: [any CodingKey] { JSONCodingPath.keys(self.path) }

    func decodeNil() -> Bool { slice.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try slice.boolean(path, nil) }
    func decode(_ type: String.Type) throws -> String { try slice.text(path, nil) }
    func decode(_ type: Double.Type) throws -> Double { try slice.floatingPoint(type, path, nil) }
    func decode(_ type: Float.Type) throws -> Float { try slice.floatingPoint(type, path, nil) }
    func decode(_ type: Int.Type) throws -> Int { try slice.integer(type, path, nil) }
    func decode(_ type: Int8.Type) throws -> Int8 { try slice.integer(type, path, nil) }
    func decode(_ type: Int16.Type) throws -> Int16 { try slice.integer(type, path, nil) }
    func decode(_ type: Int32.Type) throws -> Int32 { try slice.integer(type, path, nil) }
    func decode(_ type: Int64.Type) throws -> Int64 { try slice.integer(type, path, nil) }
    func decode(_ type: UInt.Type) throws -> UInt { try slice.integer(type, path, nil) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try slice.integer(type, path, nil) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try slice.integer(type, path, nil) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try slice.integer(type, path, nil) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try slice.integer(type, path, nil) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try slice.unbox(type, path: path, key: nil) }
}
