import NIOCore

extension JSONSlice {
    /// The elements of an array or the members of an object; 0 for anything else.
    public var count: Int {
        self.walk { walk in
            var count = 0
            while walk.next() { count += 1 }
            return count
        }
    }

    /// Whether ``count`` is more than that. Looks no further than the first that is too many.
    public func isLonger(than maximum: Int) -> Bool {
        self.walk { walk in
            for _ in 0...max(maximum, 0) {
                guard walk.next() else { return false }
            }
            return true
        }
    }

    /// A member of an object. The last one counts when a key is repeated, as it does to JavaScript.
    public subscript(key: String) -> JSONSlice? {
        var key = key
        return key.withUTF8 { wanted in
            self.walk { walk -> (Range<Int>, UInt32)? in
                var found: (Range<Int>, UInt32)?
                while walk.isObject, walk.next() {
                    if walk.keyEquals(wanted) { found = (walk.value, walk.number) }
                }
                return found
            }
        }.map { part($0, number: $1) }
    }

    /// An element of an array. Takes time in proportion to what stands before it: use ``elements`` for a loop.
    public subscript(index: Int) -> JSONSlice? {
        self.walk { walk -> (Range<Int>, UInt32)? in
            guard walk.isArray, index >= 0 else { return nil }
            for _ in 0...index {
                guard walk.next() else { return nil }
            }
            return (walk.value, walk.number)
        }.map { part($0, number: $1) }
    }

    /// The elements of an array; empty for anything else.
    public var elements: [JSONSlice] {
        guard kind == .array else { return [] }
        let parts = JSONParts(of: self)
        return parts.list.indices.map { parts.value(at: $0) }
    }

    /// The members of an object in their order, repeated keys included; empty for anything else.
    public var members: [(key: String, value: JSONSlice)] {
        guard kind == .object else { return [] }
        let parts = JSONParts(of: self)
        return bytes.withUnsafeReadableBytes { raw in
            parts.list.indices.map { (parts.name(at: $0, in: raw), parts.value(at: $0)) }
        }
    }

    @inline(__always)
    func walk<Result>(_ body: (inout JSONWalk) -> Result) -> Result {
        bytes.withUnsafeReadableBytes { raw in
            var walk = JSONWalk(raw, place: place)
            return body(&walk)
        }
    }

    /// A value within this one.
    ///
    /// - Parameter number: the value's own among the containers that are noted.
    func part(_ range: Range<Int>, number: UInt32) -> JSONSlice {
        let place = self.place.flatMap { place in
            number == JSONStructure.Recorder.none ? nil : JSONStructure.Place(structure: place.structure, number: number)
        }
        return JSONSlice(range, of: self, place: place)
    }
}

/// The elements of an array or the members of an object, all found in one walk, which also notes where the containers within them end.
struct JSONParts {
    struct Part {
        fileprivate var keyStart: UInt32
        fileprivate var keyEnd: UInt32
        fileprivate var valueStart: UInt32
        fileprivate var valueEnd: UInt32
        fileprivate var number: UInt32
        var keyHasEscapes: Bool

        /// The bytes between the key's quotes.
        var key: Range<Int> { Int(keyStart)..<Int(keyEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// Most containers have fewer.
    private static let usualParts = 8

    let whole: JSONSlice
    let list: [Part]

    init(of whole: JSONSlice) {
        var list: [Part] = []
        list.reserveCapacity(JSONParts.usualParts)
        func append(_ walk: JSONWalk) {
            list.append(
                Part(
                    keyStart: UInt32(truncatingIfNeeded: walk.key.lowerBound), keyEnd: UInt32(truncatingIfNeeded: walk.key.upperBound),
                    valueStart: UInt32(truncatingIfNeeded: walk.value.lowerBound),
                    valueEnd: UInt32(truncatingIfNeeded: walk.value.upperBound), number: walk.number,
                    keyHasEscapes: walk.keyHasEscapes))
        }
        self.whole = whole.walkNoting(append)
        self.list = list
    }

    func value(at index: Int) -> JSONSlice { whole.part(list[index].value, number: list[index].number) }

    func name(at index: Int, in raw: UnsafeRawBufferPointer) -> String {
        let part = list[index]
        return JSONString.decode(UnsafeRawBufferPointer(rebasing: raw[part.key]), hasEscapes: part.keyHasEscapes)
    }
}

extension JSONSlice {
    /// Walks all parts.
    /// - Returns: The same slice, which knows now where the containers within it end.
    func walkNoting(_ visit: (JSONWalk) -> Void) -> JSONSlice {
        let length = bytes.readableBytes
        guard place == nil, length > JSONStructure.minimumBytes else {
            self.walk { walk in
                while walk.next() { visit(walk) }
            }
            return self
        }
        return bytes.withUnsafeReadableBytes { raw in
            var walk = JSONWalk(raw)
            var recorder = JSONStructure.Recorder()
            while walk.next(recording: &recorder) { visit(walk) }
            recorder.closed(at: length)
            guard let structure = recorder.finished() else { return self }
            return JSONSlice(0..<length, of: self, place: JSONStructure.Place(structure: structure, number: 0))
        }
    }
}

extension JSONSlice {
    /// The members of an object with one of some names, in one walk: the last of each, in no order. The others are passed over.
    public func members(named names: [String]) -> [(key: String, value: JSONSlice)] {
        let wanted = names.map { Array($0.utf8) }
        // Most keys that nobody asked for have a length that no name has.
        let lengths = wanted.reduce(into: UInt64(0)) { $0 |= 1 << UInt64(min($1.count, 63)) }
        var found = [(range: Range<Int>, number: UInt32)?](repeating: nil, count: names.count)
        self.walk { walk in
            while walk.isObject, walk.next() {
                if walk.keyHasEscapes {
                    guard let index = wanted.firstIndex(where: walk.keyText.utf8.elementsEqual) else { continue }
                    found[index] = (walk.value, walk.number)
                } else if lengths & 1 << UInt64(min(walk.key.count, 63)) != 0 {
                    for index in wanted.indices where wanted[index].withUnsafeBufferPointer(walk.keyEquals) {
                        found[index] = (walk.value, walk.number)
                        break
                    }
                }
            }
        }
        return names.indices.compactMap { index in found[index].map { (names[index], part($0.range, number: $0.number)) } }
    }
}
