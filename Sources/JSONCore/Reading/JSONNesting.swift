/// Tells which of the open containers are objects, with one bit each: depth needs no recursion and, up to 64 levels, no allocation.
struct JSONNesting {
    private(set) var depth = 0
    private var kinds: UInt64 = 0
    private var outer: [UInt64] = []

    /// Whether the innermost container is an object.
    @inline(__always)
    var isObject: Bool { self.kinds & 1 == 1 }

    @inline(__always)
    mutating func push(isObject: Bool) {
        if self.depth & 63 == 0, self.depth > 0 {
            self.outer.append(self.kinds)
            self.kinds = 0
        }
        self.kinds = self.kinds &<< 1 | (isObject ? 1 : 0)
        self.depth &+= 1
    }

    @inline(__always)
    mutating func pop() {
        self.depth &-= 1
        self.kinds = self.kinds &>> 1
        if self.depth & 63 == 0, self.depth > 0, let word = self.outer.popLast() { self.kinds = word }
    }
}
