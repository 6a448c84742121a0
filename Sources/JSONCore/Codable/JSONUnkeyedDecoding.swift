import NIOCore

struct JSONUnkeyedDecoding: UnkeyedDecodingContainer {
    private let array: JSONSlice
    private var upcoming: JSONSlice?
    /// The position from which the element after `upcoming` is searched.
    private var position: JSONWalk.Position?
    private(set) var currentIndex = 0
    let count: Int?
    private let path: JSONCodingPath?
    var codingPath: [any CodingKey] { JSONCodingPath.keys(self.path) }

    init(array: JSONSlice, path: JSONCodingPath?) {
        var count = 0
        self.array = array.walkNoting { _ in count += 1 }
        self.count = count
        self.path = path
        advance()
    }

    var isAtEnd: Bool { upcoming == nil }

    private mutating func advance() {
        let resumed = self.position
        let found = array.walk { walk -> (value: Range<Int>, number: UInt32, position: JSONWalk.Position)? in
            if let resumed { walk.position = resumed }
            return walk.next() ? (walk.value, walk.number, walk.position) : nil
        }
        upcoming = found.map { array.part($0.value, number: $0.number) }
        self.position = found?.position
    }

    /// Decodes the next element; one that is refused is not passed over.
    private mutating func take<T>(_ type: T.Type, _ decode: (JSONSlice, JSONIndexKey) throws -> T) throws -> T {
        let key = JSONIndexKey(currentIndex)
        guard let slice = upcoming else {
            throw DecodingError.valueNotFound(
                type, .init(codingPath: self.codingPath + [key], debugDescription: "the array has no more elements"))
        }
        let value = try decode(slice, key)
        advance()
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard let slice = upcoming else { return try take(Never?.self) { _, _ in nil } == nil }
        guard slice.isNull else { return false }
        return try take(Bool.self) { _, _ in true }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool {
        let path = self.path; return try take(type) { try $0.boolean(path, $1) }
    }
    mutating func decode(_ type: String.Type) throws -> String {
        let path = self.path; return try take(type) { try $0.text(path, $1) }
    }
    mutating func decode(_ type: Double.Type) throws -> Double {
        let path = self.path; return try take(type) { try $0.floatingPoint(type, path, $1) }
    }
    mutating func decode(_ type: Float.Type) throws -> Float {
        let path = self.path; return try take(type) { try $0.floatingPoint(type, path, $1) }
    }
    mutating func decode(_ type: Int.Type) throws -> Int {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: Int8.Type) throws -> Int8 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: Int16.Type) throws -> Int16 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: Int32.Type) throws -> Int32 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: Int64.Type) throws -> Int64 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: UInt.Type) throws -> UInt {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 {
        let path = self.path; return try take(type) { try $0.integer(type, path, $1) }
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let path = self.path
        return try take(type) { try $0.unbox(type, path: path, key: $1) }
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        try nextDecoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try nextDecoder().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try nextDecoder() }

    private mutating func nextDecoder() throws -> JSONSliceDecoder {
        let path = self.path
        return try take(JSONSliceDecoder.self) { JSONSliceDecoder(slice: $0, path: .appending($1, to: path)) }
    }
}
