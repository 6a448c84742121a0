/// Steps through the elements of an array or the members of an object of a validated text.
struct JSONWalk {
    private var scanner: JSONScanner
    let isObject: Bool
    let isArray: Bool
    /// What stands between the quotes of the member's key.
    private(set) var key: Range<Int> = 0..<0
    private(set) var keyHasEscapes = false
    private(set) var value: Range<Int> = 0..<0

    init(_ bytes: UnsafeRawBufferPointer, resumingAt position: Int? = nil) {
        self.scanner = JSONScanner(bytes)
        self.isObject = self.scanner.current == JSONByte.openBrace
        self.isArray = self.scanner.current == JSONByte.openBracket
        self.scanner.position = position ?? 1
    }

    /// Where a later walk over the same text may resume.
    var position: Int { self.scanner.position }

    /// - Returns: Whether there was one more.
    @inline(__always)
    mutating func next() -> Bool {
        guard self.isObject || self.isArray else { return false }
        self.scanner.skipWhitespace()
        if self.scanner.current == JSONByte.comma {
            self.scanner.position &+= 1
            self.scanner.skipWhitespace()
        }
        switch self.scanner.current {
        case JSONByte.closeBrace, JSONByte.closeBracket, 0: return false
        default: break
        }
        if self.isObject {
            guard self.scanner.current == JSONByte.quote else { return false }
            let start = self.scanner.position &+ 1
            self.keyHasEscapes = self.scanner.skipString()
            self.key = start..<max(self.scanner.position &- 1, start)
            self.scanner.skipWhitespace()
            guard self.scanner.current == JSONByte.colon else { return false }
            self.scanner.position &+= 1
            self.scanner.skipWhitespace()
        }
        let start = self.scanner.position
        self.scanner.skipValue()
        self.value = start..<self.scanner.position
        return self.scanner.position > start
    }

    var keyText: String {
        JSONString.decode(UnsafeRawBufferPointer(rebasing: self.scanner.bytes[self.key]), hasEscapes: self.keyHasEscapes)
    }

    @inline(__always)
    func keyEquals(_ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        if self.keyHasEscapes { return self.keyText.utf8.elementsEqual(wanted) }
        guard self.key.count == wanted.count else { return false }
        for index in 0..<wanted.count where self.scanner.bytes[self.key.lowerBound &+ index] != wanted[index] { return false }
        return true
    }
}
