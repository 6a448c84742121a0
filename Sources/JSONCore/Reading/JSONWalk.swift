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
        scanner = JSONScanner(bytes)
        isObject = scanner.current == JSONByte.openBrace
        isArray = scanner.current == JSONByte.openBracket
        scanner.position = 1
        structure = place?.structure
        base = place.map { Int($0.container.start) } ?? 0
        upcoming = place.map { Int($0.number) + 1 } ?? 0
    }

    /// The position from which a later walk over the same container may go on.
    struct Position {
        fileprivate var offset: Int
        fileprivate var upcoming: Int
    }

    var position: Position {
        get { Position(offset: scanner.position, upcoming: upcoming) }
        set {
            scanner.position = newValue.offset
            upcoming = newValue.upcoming
        }
    }

    /// - Returns: Whether there was one more.
    @inline(__always)
    package mutating func next() -> Bool {
        guard reachValue() else { return false }
        let start = scanner.position
        number = JSONStructure.Recorder.none
        if let structure, upcoming < structure.containers.count,
            Int(structure.containers[upcoming].start) &- base == start
        {
            let container = structure.containers[upcoming]
            scanner.position = min(Int(container.end) &- base, scanner.bytes.count)
            number = UInt32(truncatingIfNeeded: upcoming)
            upcoming = Int(container.next)
        } else {
            scanner.skipValue()
        }
        value = start..<scanner.position
        return scanner.position > start
    }

    /// The same, and notes the containers that are passed. The container that is walked is the recorder's text.
    mutating func next(recording recorder: inout JSONStructure.Recorder) -> Bool {
        guard reachValue() else { return false }
        let start = scanner.position
        let count = recorder.count
        scanner.skipValue(recording: &recorder)
        number = recorder.count > count ? UInt32(truncatingIfNeeded: count) : JSONStructure.Recorder.none
        value = start..<scanner.position
        return scanner.position > start
    }

    /// Moves to the first byte of the next value, past its key if it has one.
    @inline(__always)
    private mutating func reachValue() -> Bool {
        guard isObject || isArray else { return false }
        let start = scanner.position
        defer { JSONWork.passed(scanner.position &- start) }
        scanner.skipWhitespace()
        if scanner.current == JSONByte.comma {
            scanner.position &+= 1
            scanner.skipWhitespace()
        }
        switch scanner.current {
        case JSONByte.closeBrace, JSONByte.closeBracket, 0: return false
        default: break
        }
        guard isObject else { return true }
        guard scanner.current == JSONByte.quote else { return false }
        let key = scanner.position &+ 1
        keyHasEscapes = scanner.skipString()
        self.key = key..<max(scanner.position &- 1, key)
        scanner.skipWhitespace()
        guard scanner.current == JSONByte.colon else { return false }
        scanner.position &+= 1
        scanner.skipWhitespace()
        return true
    }

    package var keyText: String {
        JSONString.decode(UnsafeRawBufferPointer(rebasing: scanner.bytes[key]), hasEscapes: keyHasEscapes)
    }

    @inline(__always)
    package func keyEquals(_ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        JSONString.equals(UnsafeRawBufferPointer(rebasing: scanner.bytes[key]), hasEscapes: keyHasEscapes, wanted)
    }
}
