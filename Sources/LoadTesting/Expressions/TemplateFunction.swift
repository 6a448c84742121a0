/// The functions that templates and expressions may call. Names without a dollar sign do not exist.
public enum TemplateFunction: String, Sendable, Hashable, CaseIterable {
    /// `$randomNumber(a, b)`: an integer, both ends included. Artillery's name.
    case randomNumber = "$randomNumber"
    /// `$randomInt(a, b)`: the same under the name that many scripts use.
    case randomInt = "$randomInt"
    /// `$randomString(n = 10)`: letters and digits.
    case randomString = "$randomString"
    case randomUUID = "$randomUUID"
    /// `$uuid()`: a new one each time; `$uuid` without brackets is the virtual user's own.
    case uuid = "$uuid"
    /// `$timestamp()`: milliseconds since 1970; also without brackets.
    case timestamp = "$timestamp"
    /// `$pick(list)` or `$pick(a, b, c)`: one of them.
    case pick = "$pick"
    /// `$sequence()`: 1, 2, 3, … for each virtual user.
    case sequence = "$sequence"
    /// `$auditTag(room)`: the marker of the delivery audit: room, sender, number and time of this message.
    case auditTag = "$auditTag"
    /// `$sentAt()`: milliseconds since the run began, with fractions. An event that brings it back as `_sentAt` is a sample of latency.
    case sentAt = "$sentAt"
    /// `$length(value)`: of a list, a string or a mapping.
    case length = "$length"
    /// `$json(value)`: the value as JSON text.
    case json = "$json"

    /// The number of arguments that the function takes.
    var arity: ClosedRange<Int> {
        switch self {
        case .randomNumber, .randomInt: 2...2
        case .randomString: 0...1
        case .randomUUID, .uuid, .timestamp, .sequence, .sentAt: 0...0
        case .pick: 1...64
        case .auditTag, .length, .json: 1...1
        }
    }

    /// Whether the name alone, without brackets, is a call.
    var isCalledWithoutBrackets: Bool { self == .timestamp || self == .randomUUID || self == .sequence }

    /// Longer random strings than this are cut.
    static let maximumRandomStringLength = 1 << 20

    func call(_ arguments: [ScriptValue], in scope: inout VariableScope) -> ScriptValue {
        switch self {
        case .randomNumber, .randomInt:
            guard let one = Self.integer(arguments.first), let two = Self.integer(arguments.last) else { return .null }
            return .int(Int.random(in: min(one, two)...max(one, two), using: &scope.random))
        case .randomString:
            let length = arguments.first.map { Self.integer($0) ?? 0 } ?? 10
            return .string(Self.randomString(length: min(max(length, 0), Self.maximumRandomStringLength), &scope.random))
        case .randomUUID, .uuid: return .string(Self.uuid(&scope.random))
        case .timestamp: return .int(Int(scope.wallClockMilliseconds))
        case .pick:
            var choices = arguments
            if arguments.count == 1, case .array(let elements) = arguments[0] { choices = elements }
            return choices.randomElement(using: &scope.random) ?? .null
        case .sequence:
            scope.sequence += 1
            return .int(scope.sequence)
        case .auditTag:
            let room = arguments[0].text
            let sequence = scope.auditSequences[room, default: 0] + 1
            scope.auditSequences[room] = sequence
            return .string(
                AuditTag(room: room, sender: scope.userIndex, sequence: sequence, sentAtNanoseconds: scope.runNanoseconds).text)
        case .sentAt: return .double(Double(scope.runNanoseconds) / 1e6)
        case .length:
            switch arguments[0] {
            case .array(let elements): return .int(elements.count)
            case .object(let members): return .int(members.count)
            case .null: return .int(0)
            default: return .int(arguments[0].text.utf16.count)
            }
        case .json: return .string(arguments[0].json)
        }
    }

    private static func integer(_ value: ScriptValue?) -> Int? {
        guard let number = value?.number, number.isFinite, abs(number) < 0x1p53 else { return nil }
        return Int(number.rounded(.towardZero))
    }

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)

    private static func randomString(length: Int, _ random: inout SeededGenerator) -> String {
        String(unsafeUninitializedCapacity: length) { bytes in
            for index in 0..<length {
                // The multiplication maps 32 random bits onto the alphabet without a division.
                let pick = Int((UInt64(UInt32(truncatingIfNeeded: random.next())) &* UInt64(Self.alphabet.count)) >> 32)
                bytes[index] = Self.alphabet[pick]
            }
            return length
        }
    }

    /// A version 4 UUID (RFC 9562 §5.4).
    static func uuid(_ random: inout SeededGenerator) -> String {
        let high = (random.next() & ~0xF000) | 0x4000
        let low = (random.next() & ~(0b11 << 62)) | (0b10 << 62)
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { bytes in
            var position = 0
            for nibble in 0..<32 {
                if [8, 12, 16, 20].contains(nibble) {
                    bytes[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = nibble < 16 ? high : low
                bytes[position] = digits[Int((word >> UInt64(60 - 4 * (nibble % 16))) & 0xF)]
                position += 1
            }
            return 36
        }
    }
}
