/// Steps through the elements of an array or the members of an object of a validated text.
package struct JSONWalk {
    private var scanner: JSONScanner
    package let isObject: Bool
    package let isArray: Bool
    /// The bytes between the quotes of the member's key.
    package private(set) var key: Range<Int> = 0..<0
    package private(set) var keyHasEscapes = false
    package private(set) var value: Range<Int> = 0..<0
    /// The number of the value among the noted containers.
    private(set) var number = JSONStructure.Recorder.none

    private let structure: JSONStructure?
    /// The beginning of the container in the text that `structure` describes.
    private let base: Int
    /// The next noted container of this level.
    private var upcoming: Int

    package init(_ bytes: UnsafeRawBufferPointer) { self.init(bytes, place: nil) }

    init(_ bytes: UnsafeRawBufferPointer, place: JSONStructure.Place?) {
        self.scanner = JSONScanner(bytes)
        self.isObject = self.scanner.current == JSONByte.openBrace
        self.isArray = self.scanner.current == JSONByte.openBracket
        self.scanner.position = 1
        self.structure = place?.structure
        self.base = place.map { Int($0.container.start) } ?? 0
        self.upcoming = place.map { Int($0.number) + 1 } ?? 0
    }

    /// The position from which a later walk over the same container may go on.
    struct Position {
        fileprivate var offset: Int
        fileprivate var upcoming: Int
    }

    var position: Position {
        get { Position(offset: self.scanner.position, upcoming: self.upcoming) }
        set {
            self.scanner.position = newValue.offset
            self.upcoming = newValue.upcoming
        }
    }

    /// - Returns: Whether there was one more.
    @inline(__always)
    package mutating func next() -> Bool {
        guard self.reachValue() else { return false }
        let start = self.scanner.position
        self.number = JSONStructure.Recorder.none
        if let structure, self.upcoming < structure.containers.count,
            Int(structure.containers[self.upcoming].start) &- self.base == start
        {
            let container = structure.containers[self.upcoming]
            self.scanner.position = min(Int(container.end) &- self.base, self.scanner.bytes.count)
            self.number = UInt32(truncatingIfNeeded: self.upcoming)
            self.upcoming = Int(container.next)
        } else {
            self.scanner.skipValue()
        }
        self.value = start..<self.scanner.position
        return self.scanner.position > start
    }

    /// The same, and notes the containers that are passed. The container that is walked has to be open in the recorder.
    mutating func next(recording recorder: inout JSONStructure.Recorder) -> Bool {
        guard self.reachValue() else { return false }
        let start = self.scanner.position
        let count = recorder.count
        self.scanner.skipValue(recording: &recorder)
        self.number = recorder.count > count ? UInt32(truncatingIfNeeded: count) : JSONStructure.Recorder.none
        self.value = start..<self.scanner.position
        return self.scanner.position > start
    }

    /// Moves to the first byte of the next value, past its key if it has one.
    @inline(__always)
    private mutating func reachValue() -> Bool {
        guard self.isObject || self.isArray else { return false }
        let start = self.scanner.position
        defer { JSONWork.passed(self.scanner.position &- start) }
        self.scanner.skipWhitespace()
        if self.scanner.current == JSONByte.comma {
            self.scanner.position &+= 1
            self.scanner.skipWhitespace()
        }
        switch self.scanner.current {
        case JSONByte.closeBrace, JSONByte.closeBracket, 0: return false
        default: break
        }
        guard self.isObject else { return true }
        guard self.scanner.current == JSONByte.quote else { return false }
        let key = self.scanner.position &+ 1
        self.keyHasEscapes = self.scanner.skipString()
        self.key = key..<max(self.scanner.position &- 1, key)
        self.scanner.skipWhitespace()
        guard self.scanner.current == JSONByte.colon else { return false }
        self.scanner.position &+= 1
        self.scanner.skipWhitespace()
        return true
    }

    package var keyText: String {
        JSONString.decode(UnsafeRawBufferPointer(rebasing: self.scanner.bytes[self.key]), hasEscapes: self.keyHasEscapes)
    }

    @inline(__always)
    package func keyEquals(_ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        JSONString.equals(UnsafeRawBufferPointer(rebasing: self.scanner.bytes[self.key]), hasEscapes: self.keyHasEscapes, wanted)
    }
}
