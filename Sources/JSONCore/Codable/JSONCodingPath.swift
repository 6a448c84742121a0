import NIOCore

/// The position of a decoder, as a list from the inside out: one level more costs the same at any depth. The array that `Decoder` promises is
/// made when somebody asks for it, which is usually an error.
final class JSONCodingPath {
    private let outer: JSONCodingPath?
    /// nil: the root.
    private let key: (any CodingKey)?
    /// Of the packet that holds the value; known to the root alone.
    private let attachments: [ByteBuffer]

    private init(_ outer: JSONCodingPath?, _ key: any CodingKey) {
        self.outer = outer
        self.key = key
        attachments = []
    }

    /// The root, for a value of a packet with attachments.
    init(attachments: [ByteBuffer]) {
        outer = nil
        key = nil
        self.attachments = attachments
    }

    /// The attachments of the packet that holds the value.
    static func attachments(_ path: JSONCodingPath?) -> [ByteBuffer] {
        var next = path
        while let outer = next?.outer { next = outer }
        return next?.attachments ?? []
    }

    static func appending(_ key: (any CodingKey)?, to path: JSONCodingPath?) -> JSONCodingPath? {
        key.map { JSONCodingPath(path, $0) } ?? path
    }

    /// From the outside in.
    static func keys(_ path: JSONCodingPath?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var next = path
        while let current = next {
            if let key = current.key { keys.append(key) }
            next = current.outer
        }
        return keys.reversed()
    }
}

/// The place of an element in an array, in a coding path.
struct JSONIndexKey: CodingKey {
    let index: Int

    init(_ index: Int) { self.index = index }
    init(intValue: Int) { index = intValue }
    init?(stringValue: String) { return nil }

    var stringValue: String { "Index \(index)" }
    var intValue: Int? { index }
}
