package import NIOCore

extension JSONSlice {
    /// Decodes the value, with a decoder of our own: Foundation's costs several times as much.
    ///
    /// Integers may be written `2.0`; a number that does not fit its type, and anything of another kind, is refused.
    /// - Throws: `DecodingError`.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try unbox(type, path: nil, key: nil)
    }

    /// Decodes a value of a packet with attachments: a `ByteBuffer` within it is the attachment that its placeholder names.
    package func decode<T: Decodable>(_ type: T.Type = T.self, attachments: [ByteBuffer]) throws -> T {
        try unbox(type, path: attachments.isEmpty ? nil : JSONCodingPath(attachments: attachments), key: nil)
    }

    func unbox<T: Decodable>(_ type: T.Type, path: JSONCodingPath?, key: (any CodingKey)?) throws -> T {
        if type == JSONSlice.self, let slice = self as? T { return slice }
        if type == String.self, let string = try text(path, key) as? T { return string }
        if type == ByteBuffer.self, kind == .object, let bytes = try attachment(path, key) as? T { return bytes }
        return try T(from: JSONSliceDecoder(slice: self, path: .appending(key, to: path)))
    }

    /// The attachment that stands here.
    private func attachment(_ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> ByteBuffer {
        let attachments = JSONCodingPath.attachments(path)
        guard self["_placeholder"]?.bool == true, let number = self["num"]?.int, attachments.indices.contains(number) else {
            throw mismatch(ByteBuffer.self, path, key)
        }
        return attachments[number]
    }

    func text(_ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> String {
        guard let string = self.string else { throw mismatch(String.self, path, key) }
        return string
    }

    func boolean(_ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> Bool {
        guard let bool = self.bool else { throw mismatch(Bool.self, path, key) }
        return bool
    }

    func integer<T: FixedWidthInteger>(_ type: T.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> T {
        guard kind == .number else { throw mismatch(type, path, key) }
        guard let integer = self.integer(as: type) else { throw outOfRange(type, path, key) }
        return integer
    }

    func floatingPoint<T: BinaryFloatingPoint>(_ type: T.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) throws -> T {
        guard kind == .number else { throw mismatch(type, path, key) }
        guard let double = self.double, T(double).isFinite else { throw outOfRange(type, path, key) }
        return T(double)
    }

    func mismatch(_ type: any Any.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) -> DecodingError {
        let keys = JSONCodingPath.keys(.appending(key, to: path))
        if isNull {
            return .valueNotFound(type, .init(codingPath: keys, debugDescription: "expected \(type), found null"))
        }
        return .typeMismatch(type, .init(codingPath: keys, debugDescription: "expected \(type), found \(kind)"))
    }

    private func outOfRange(_ type: any Any.Type, _ path: JSONCodingPath?, _ key: (any CodingKey)?) -> DecodingError {
        .dataCorrupted(
            .init(codingPath: JSONCodingPath.keys(.appending(key, to: path)), debugDescription: "the number does not fit \(type)"))
    }
}
