/// The first positions of an array's elements. Four need no allocation: an event and its arguments rarely have more.
@usableFromInline
package struct JSONElementIndex: Sendable {
    @usableFromInline package private(set) var count = 0
    @usableFromInline var first: UInt32 = 0
    @usableFromInline var second: UInt32 = 0
    @usableFromInline var third: UInt32 = 0
    @usableFromInline var fourth: UInt32 = 0
    /// nil rather than empty: even an empty array is counted when it is passed on.
    @usableFromInline var others: [UInt32]?

    package init() {}

    @inline(__always)
    mutating func append(_ offset: Int) {
        let offset = UInt32(truncatingIfNeeded: offset)
        switch count {
        case 0: first = offset
        case 1: second = offset
        case 2: third = offset
        case 3: fourth = offset
        default: appendFurther(offset)
        }
        count &+= 1
    }

    private mutating func appendFurther(_ offset: UInt32) {
        if others == nil { others = [] }
        others?.append(offset)
    }

    /// - Parameter index: in `0..<count`.
    @inlinable
    package subscript(_ index: Int) -> Int {
        switch index {
        case 0: Int(first)
        case 1: Int(second)
        case 2: Int(third)
        case 3: Int(fourth)
        default: Int(others?[index - 4] ?? 0)
        }
    }
}
