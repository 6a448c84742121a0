/// Redis's patterns: `*`, `?`, `[a-z]`, `[^a]`, and a backslash before a byte that stands for itself.
enum Glob {
    /// Takes time in proportion to pattern times text at worst: a star is tried again only for the last one seen.
    static func matches(_ pattern: Bytes, _ text: Bytes) -> Bool {
        var (position, index) = (0, 0)
        var retry: (pattern: Int, text: Int)?
        while index < text.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                retry = (position + 1, index)
                position += 1
            } else if let next = Self.step(pattern, position, text[index]) {
                position = next
                index += 1
            } else if let last = retry {
                retry = (last.pattern, last.text + 1)
                (position, index) = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Where the pattern goes on after a byte that it takes; nil: it does not take it.
    private static func step(_ pattern: Bytes, _ position: Int, _ byte: UInt8) -> Int? {
        guard position < pattern.count else { return nil }
        switch pattern[position] {
        case UInt8(ascii: "?"): return position + 1
        case UInt8(ascii: "\\") where position + 1 < pattern.count: return pattern[position + 1] == byte ? position + 2 : nil
        case UInt8(ascii: "["): return Self.stepOverClass(pattern, position + 1, byte)
        case byte: return position + 1
        default: return nil
        }
    }

    private static func stepOverClass(_ pattern: Bytes, _ start: Int, _ byte: UInt8) -> Int? {
        var position = start
        let isNegated = position < pattern.count && pattern[position] == UInt8(ascii: "^")
        if isNegated { position += 1 }
        var isMember = false
        while position < pattern.count, pattern[position] != UInt8(ascii: "]") {
            if pattern[position] == UInt8(ascii: "\\"), position + 1 < pattern.count {
                position += 1
                isMember = isMember || pattern[position] == byte
            } else if position + 2 < pattern.count, pattern[position + 1] == UInt8(ascii: "-") {
                let (one, other) = (pattern[position], pattern[position + 2])
                isMember = isMember || (min(one, other)...max(one, other)).contains(byte)
                position += 2
            } else {
                isMember = isMember || pattern[position] == byte
            }
            position += 1
        }
        return isMember != isNegated ? min(position + 1, pattern.count) : nil
    }
}
