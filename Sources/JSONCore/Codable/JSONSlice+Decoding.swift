extension JSONSlice {
    /// Decodes the value, with a decoder of our own: Foundation's costs several times as much.
    ///
    /// Integers may be written `2.0`; a number that does not fit its type, and anything of another kind, is refused.
    /// - Throws: `DecodingError`.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try self.unbox(type, path: nil, key: nil)
    }

    func unbox<T: Decodable>(_ type: T.Type, path: JSONCodingPath?, key: (any CodingKey)?) throws -> T {
        if type == JSONSlice.self, let slice = self as? T { return slice }
        if type == String.self, let string = try self.text(path, key) as? T { return string }
        return try T(from: JSONSliceDecoder(slice: self, path: .appending(key, to: path)))
    }

    func text(_ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> String {
        guard let string = self.string else { throw self.mismatch(String.self, path, key) }
        return string
    }

    func boolean(_ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> Bool {
        guard let bool = self.bool else { throw self.mismatch(Bool.self, path, key) }
        return bool
    }

    func integer<T: FixedWidthInteger>(_ type: T.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> T {
        guard self.kind == .number else { throw self.mismatch(type, path, key) }
        guard let integer = self.integer(as: type) else { throw self.outOfRange(type, path, key) }
        return integer
    }

    func floatingPoint<T: BinaryFloatingPoint>(_ type: T.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> T {
        guard self.kind == .number else { throw self.mismatch(type, path, key) }
        guard let double = self.double, T(double).isFinite else { throw self.outOfRange(type, path, key) }
        return T(double)
    }

    func mismatch(_ type: any Any.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) -> DecodingError {
        let keys = JSONCodingPath.keys(.appending(key, to: path))
        if self.isNull {
            return .valueNotFound(type, .init(codingPath: keys, debugDescription: "expected \(type), found null"))
        }
        return .typeMismatch(type, .init(codingPath: keys, debugDescription: "expected \(type), found \(self.kind)"))
    }

    private func outOfRange(_ type: any Any.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) -> DecodingError {
        .dataCorrupted(
            .init(codingPath: JSONCodingPath.keys(.appending(key, to: path)), debugDescription: "the number does not fit \(type)"))
    }
}
