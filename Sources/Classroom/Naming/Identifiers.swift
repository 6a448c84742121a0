/// The six digits by which players find a live session.
public struct JoinCode: Hashable, Sendable {
    public static let digits = 6
    /// Tries before `generate` gives up: with a tenth of all codes taken, one in 10^16 fails.
    public static let maximumAttempts = 16

    public let value: String

    /// The longest pasted text that is read.
    static let maximumTextBytes = 2_048

    /// Accepts what people type and paste: digits of any script, with spaces and hyphens between them, a label in front
    /// ("Code: 123 456"), or the whole link to the quiz. Without a letter, any sign may stand between equal groups ("123.456").
    public init?(_ text: String) {
        guard text.utf8.count <= JoinCode.maximumTextBytes, !text.contains("\0") else { return nil }
        if let parameter = text.firstRange(of: "code=") {
            self.init(run: JoinCode.runs(in: text[parameter.upperBound...].prefix { $0 != "&" && $0 != "#" }))
        } else {
            self.init(run: JoinCode.runs(in: text[...]) + [JoinCode.grouped(text)].compactMap(\.self))
        }
    }

    /// Six digits in two or three groups of the same length, with signs between them that do not count as blanks.
    private static func grouped(_ text: String) -> String? {
        guard !text.unicodeScalars.contains(where: { $0.properties.isAlphabetic }) else { return nil }
        let groups = text.unicodeScalars.split { $0.properties.numericType == nil }
        guard (2...3).contains(groups.count), groups.allSatisfy({ $0.count == digits / groups.count }) else { return nil }
        return groups.joined().reduce(into: "") { code, scalar in
            code.unicodeScalars.append(scalar.isASCII ? scalar : scalar.decimalDigit ?? scalar)
        }
    }

    /// The only run that has the length of a code.
    private init?(run runs: [String]) {
        let codes = Set(runs.filter { $0.utf8.count == JoinCode.digits })
        guard codes.count == 1, let value = codes.first else { return nil }
        self.value = value
    }

    /// Digits that follow one another, spaces and hyphens apart. Digits that touch a letter are part of a word.
    private static func runs(in text: Substring) -> [String] {
        var runs: [String] = []
        var run = ""
        var isInWord = false
        var followsDigit = false
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .decimalNumber, let digit = scalar.properties.numericValue {
                run += String(Int(digit))
                followsDigit = true
                continue
            }
            if scalar.isBlank || scalar.isInvisible || scalar.properties.isDash {
                if isInWord { run = "" }
                isInWord = false
            } else {
                let isLetter = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                if !isInWord, !isLetter || !followsDigit { runs.append(run) }
                run = ""
                isInWord = isLetter
            }
            followsDigit = false
        }
        if !isInWord { runs.append(run) }
        return runs
    }

    private init(number: Int) { value = String(number) }

    /// A code that is not taken; nil when none was found. It never begins with 0, which spreadsheets and number fields lose.
    public static func generate(using random: inout some RandomNumberGenerator, isTaken: (String) -> Bool) -> JoinCode? {
        for _ in 0..<maximumAttempts {
            let code = JoinCode(number: Int.random(in: 100_000...999_999, using: &random))
            if !isTaken(code.value) { return code }
        }
        return nil
    }
}

/// Ids of rooms and sessions.
public enum Identifier {
    public static let maximumLength = 64

    /// 1 to 64 of `A-Z a-z 0-9 _ -`: a UUID is one of these.
    public static func isValid(_ text: String) -> Bool {
        guard (1...maximumLength).contains(text.utf8.count) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}
