/// The position of a decoder, as a list from the inside out: one level more costs the same at any depth. The array that `Decoder` promises is
/// made when somebody asks for it, which is usually an error.
final class JSONCodingPath {
    private let outer: JSONCodingPath?
    private let key: any CodingKey

    private init(_ outer: JSONCodingPath?, _ key: any CodingKey) {
        self.outer = outer
        self.key = key
    }

    static func appending(_ key: (any CodingKey)?, to path: JSONCodingPath?) -> JSONCodingPath? {
        key.map { JSONCodingPath(path, $0) } ?? path
    }

    /// From the outside in.
    static func keys(_ path: JSONCodingPath?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var next = path
        while let current = next {
            keys.append(current.key)
            next = current.outer
        }
        return keys.reversed()
    }
}

/// The place of an element in an array, in a coding path.
struct JSONIndexKey: CodingKey {
    let index: Int

    init(_ index: Int) { self.index = index }
    init(intValue: Int) { self.index = intValue }
    init?(stringValue: String) { return nil }

    var stringValue: String { "Index \(self.index)" }
    var intValue: Int? { self.index }
}
