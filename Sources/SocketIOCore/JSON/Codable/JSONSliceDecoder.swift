/// The `Decoder` that a `Decodable` is given.
struct JSONSliceDecoder: Decoder {
    let slice: JSONSlice
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard self.slice.kind == .object else { throw self.slice.mismatch([String: Any].self, self.codingPath, nil) }
        return KeyedDecodingContainer(JSONKeyedDecoding<Key>(object: self.slice, codingPath: self.codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard self.slice.kind == .array else { throw self.slice.mismatch([Any].self, self.codingPath, nil) }
        return JSONUnkeyedDecoding(array: self.slice, codingPath: self.codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        JSONSingleValueDecoding(slice: self.slice, codingPath: self.codingPath)
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
