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
        switch self.count {
        case 0: self.first = offset
        case 1: self.second = offset
        case 2: self.third = offset
        case 3: self.fourth = offset
        default: self.appendFurther(offset)
        }
        self.count &+= 1
    }

    private mutating func appendFurther(_ offset: UInt32) {
        if self.others == nil { self.others = [] }
        self.others?.append(offset)
    }

    /// - Parameter index: in `0..<count`.
    @inlinable
    package subscript(_ index: Int) -> Int {
        switch index {
        case 0: Int(self.first)
        case 1: Int(self.second)
        case 2: Int(self.third)
        case 3: Int(self.fourth)
        default: Int(self.others?[index - 4] ?? 0)
        }
    }
}
