/// Tells which of the open containers are objects, with one bit each: depth needs no recursion and, up to 64 levels, no allocation.
struct JSONNesting {
    private(set) var depth = 0
    private var kinds: UInt64 = 0
    private var outer: [UInt64] = []

    /// Whether the innermost container is an object.
    @inline(__always)
    var isObject: Bool { kinds & 1 == 1 }

    @inline(__always)
    mutating func push(isObject: Bool) {
        if depth & 63 == 0, depth > 0 {
            outer.append(kinds)
            kinds = 0
        }
        kinds = kinds &<< 1 | (isObject ? 1 : 0)
        depth &+= 1
    }

    @inline(__always)
    mutating func pop() {
        depth &-= 1
        kinds = kinds &>> 1
        if depth & 63 == 0, depth > 0, let word = outer.popLast() { kinds = word }
    }
}
