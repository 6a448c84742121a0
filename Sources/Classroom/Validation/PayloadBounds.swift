/// How large and how deep a payload may be, found out from its bytes before anything is made of it.
public struct PayloadBounds: Hashable, Sendable {
    public var maximumBytes: Int
    /// Arrays and objects within one another.
    public var maximumDepth: Int

    public init(maximumBytes: Int, maximumDepth: Int) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
    }

    /// Of a request: 64 KiB, 16 levels.
    public static let request = PayloadBounds(maximumBytes: 65_536, maximumDepth: 16)
    /// Of a quiz over HTTP: 1 MB, 32 levels.
    public static let quiz = PayloadBounds(maximumBytes: 1_000_000, maximumDepth: 32)

    /// What is wrong with the size of a JSON text; nil: nothing. One pass that stops at the first level too many. The text need not be valid.
    public func problem(_ text: UnsafeRawBufferPointer) -> ClassroomError? {
        guard text.count <= maximumBytes else { return tooLong }
        guard !isTooDeep(text) else {
            return ClassroomError(.invalid, "Validation error: the payload must be at most \(maximumDepth) levels deep")
        }
        return nil
    }

    public var tooLong: ClassroomError {
        ClassroomError(.invalid, "Validation error: the payload must be at most \(maximumBytes) bytes long")
    }

    private func isTooDeep(_ text: UnsafeRawBufferPointer) -> Bool {
        var depth = 0
        var isInString = false
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "\\") where isInString: index += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if !isInString {
                    depth += 1
                    if depth > maximumDepth { return true }
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): if !isInString { depth -= 1 }
            default: break
            }
            index += 1
        }
        return false
    }
}
