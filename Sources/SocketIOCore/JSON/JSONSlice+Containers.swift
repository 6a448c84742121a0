import NIOCore

extension JSONSlice {
    /// The elements of an array or the members of an object; 0 for anything else.
    public var count: Int {
        self.bytes.withUnsafeReadableBytes { raw in
            var walk = JSONWalk(raw)
            var count = 0
            while walk.next() { count += 1 }
            return count
        }
    }

    /// A member of an object. The last one counts when a key is repeated, as it does to JavaScript.
    public subscript(key: String) -> JSONSlice? {
        var key = key
        let bytes = self.bytes
        let found = key.withUTF8 { wanted in
            bytes.withUnsafeReadableBytes { raw -> Range<Int>? in
                var walk = JSONWalk(raw)
                var found: Range<Int>?
                while walk.isObject, walk.next() {
                    if walk.keyEquals(wanted) { found = walk.value }
                }
                return found
            }
        }
        return found.map(self.slice)
    }

    /// An element of an array. Takes time in proportion to what stands before it: use ``elements`` for a loop.
    public subscript(index: Int) -> JSONSlice? {
        let found = self.bytes.withUnsafeReadableBytes { raw -> Range<Int>? in
            var walk = JSONWalk(raw)
            guard walk.isArray, index >= 0 else { return nil }
            for _ in 0...index {
                guard walk.next() else { return nil }
            }
            return walk.value
        }
        return found.map(self.slice)
    }

    /// The elements of an array; empty for anything else.
    public var elements: [JSONSlice] {
        self.bytes.withUnsafeReadableBytes { raw in
            var walk = JSONWalk(raw)
            var elements: [JSONSlice] = []
            while walk.isArray, walk.next() { elements.append(self.slice(walk.value)) }
            return elements
        }
    }

    /// The members of an object in their order, repeated keys included; empty for anything else.
    public var members: [(key: String, value: JSONSlice)] {
        self.bytes.withUnsafeReadableBytes { raw in
            var walk = JSONWalk(raw)
            var members: [(key: String, value: JSONSlice)] = []
            while walk.isObject, walk.next() { members.append((walk.keyText, self.slice(walk.value))) }
            return members
        }
    }
}
