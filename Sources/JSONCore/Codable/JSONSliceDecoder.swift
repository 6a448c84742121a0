/// The `Decoder` that a `Decodable` is given.
struct JSONSliceDecoder: Decoder {
    let slice: JSONSlice
    let path: JSONCodingPath?
    var codingPath: [any CodingKey] { JSONCodingPath.keys(self.path) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard self.slice.kind == .object else { throw self.slice.mismatch([String: Any].self, self.path, nil) }
        return KeyedDecodingContainer(JSONKeyedDecoding<Key>(object: self.slice, path: self.path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard self.slice.kind == .array else { throw self.slice.mismatch([Any].self, self.path, nil) }
        return JSONUnkeyedDecoding(array: self.slice, path: self.path)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        JSONSingleValueDecoding(slice: self.slice, path: self.path)
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
