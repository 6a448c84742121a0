struct JSONSingleValueDecoding: SingleValueDecodingContainer {
    let slice: JSONSlice
    let path: JSONCodingPath?
    var codingPath: [any CodingKey] { JSONCodingPath.keys(self.path) }

    func decodeNil() -> Bool { self.slice.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try self.slice.boolean(self.path, nil) }
    func decode(_ type: String.Type) throws -> String { try self.slice.text(self.path, nil) }
    func decode(_ type: Double.Type) throws -> Double { try self.slice.floatingPoint(type, self.path, nil) }
    func decode(_ type: Float.Type) throws -> Float { try self.slice.floatingPoint(type, self.path, nil) }
    func decode(_ type: Int.Type) throws -> Int { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: Int8.Type) throws -> Int8 { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: Int16.Type) throws -> Int16 { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: Int32.Type) throws -> Int32 { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: Int64.Type) throws -> Int64 { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: UInt.Type) throws -> UInt { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try self.slice.integer(type, self.path, nil) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try self.slice.integer(type, self.path, nil) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try self.slice.unbox(type, path: self.path, key: nil) }
}
