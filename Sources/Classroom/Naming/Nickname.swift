/// A name as shown in a session, and the form in which it has to be unique there.
///
/// NFKC; control, bidirectional and other invisible characters removed; runs of white space become one space, the ends trimmed; 1 to 32
/// characters (at most 64 scalars, so that no name towers over its line), no `<` or `>`. Joiners stay where they shape what is shown: between
/// letters of scripts that join, and within emoji. They do not count when names are compared.
public struct Nickname: Hashable, Sendable {
    public static let maximumCharacters = 32
    public static let maximumScalars = 64
    /// The longest name before it is cleaned, in UTF-8 bytes.
    public static let maximumRawBytes = 1_024

    public let display: String
    /// The form for comparison: equal for names that look the same.
    public let folded: String

    /// A name that somebody chose.
    public init(_ raw: String) throws(ClassroomError) {
        guard raw.utf8.count <= Nickname.maximumRawBytes else { throw Nickname.tooLong }
        let cleaned = Nickname.cleaned(raw)
        guard !cleaned.isEmpty else { throw ClassroomError(.invalid, "Validation error: \"nickname\" must not be empty") }
        guard Nickname.fits(cleaned) else { throw Nickname.tooLong }
        guard !cleaned.unicodeScalars.contains(where: { $0 == "<" || $0 == ">" }) else {
            throw ClassroomError(.invalid, "Validation error: \"nickname\" must not contain < or >")
        }
        self.init(display: cleaned)
    }

    /// The name of an account, made to fit: its owner cannot choose another one here.
    public static func account(_ raw: String) -> Nickname {
        var cleaned = Nickname.cleaned(String(decoding: raw.utf8.prefix(maximumRawBytes), as: UTF8.self))
        cleaned.unicodeScalars.removeAll { $0 == "<" || $0 == ">" }
        cleaned = cut(cleaned, toCharacters: maximumCharacters).trimmingSpaces()
        return Nickname(display: cleaned.isEmpty ? "Player" : cleaned)
    }

    private init(display: String) {
        self.display = display
        folded = Nickname.fold(display)
    }

    /// The same name with a number behind it, still within the limits.
    func numbered(_ number: Int) -> Nickname {
        let suffix = " \(number)"
        return Nickname(display: Nickname.cut(display, toCharacters: Nickname.maximumCharacters - suffix.count) + suffix)
    }

    /// The same for all names that ``numbered(_:)`` cuts to the same beginning.
    var numberingKey: String { Nickname.fold(Nickname.cut(display, toCharacters: Nickname.maximumCharacters - Nickname.longestSuffix)) }

    /// A space and the digits of the largest number that a full session needs.
    private static let longestSuffix = 6

    /// Case-folded, with the commonest look-alikes of other scripts as their Latin models.
    static func fold(_ name: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in TextFolding.fold(name).unicodeScalars { result.append(lookAlikes[scalar] ?? scalar) }
        return String(result)
    }

    /// A name from elsewhere, of whatever length, made safe to show beside others: cleaned as a nickname is, 64 characters at most.
    public static func shown(_ raw: String) -> String {
        let cleaned = cleaned(String(decoding: raw.utf8.prefix(maximumRawBytes), as: UTF8.self))
        return cleaned.isEmpty ? "Player" : String(cleaned.prefix(64))
    }

    private static func cleaned(_ raw: String) -> String {
        var scalars = String.UnicodeScalarView()
        // Joiners wait until it is known that something follows that they join.
        var joiner: Unicode.Scalar?
        for scalar in raw.compatibilityNormalized.unicodeScalars {
            if scalar.isBlank {
                joiner = nil
                if scalars.last != " " { scalars.append(" ") }
            } else if !scalar.isInvisible {
                if let joiner { scalars.append(joiner) }
                joiner = nil
                scalars.append(scalar)
            } else if let last = scalars.last {
                if scalar == "\u{200C}" || scalar == "\u{200D}" {
                    joiner = isShapedByJoiners(last) ? scalar : nil
                } else if isPartOfEmoji(scalar, after: last) {
                    scalars.append(scalar)
                }
            }
        }
        return String(scalars).trimmingSpaces()
    }

    /// True for letters from Arabic on, except the Latin and Greek ones behind them, and for emoji.
    private static func isShapedByJoiners(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x600, !(0x1E00...0x1FFF).contains(scalar.value) else { return false }
        return scalar.properties.isAlphabetic || scalar.properties.isEmoji || scalar.value == 0xFE0F
            || scalar.properties.canonicalCombiningClass == .virama || scalar.properties.generalCategory == .nonspacingMark
    }

    /// True for the mark that asks for the coloured form, and for the tags of a flag.
    private static func isPartOfEmoji(_ scalar: Unicode.Scalar, after last: Unicode.Scalar) -> Bool {
        if scalar.value == 0xFE0F { return last.properties.isEmoji && (last.value > 0x7F || last.properties.numericType == nil) }
        return (0xE0020...0xE007F).contains(scalar.value) && (last.value == 0x1F3F4 || (0xE0020...0xE007E).contains(last.value))
    }

    private static func fits(_ name: String) -> Bool {
        name.count <= maximumCharacters && name.unicodeScalars.count <= maximumScalars
    }

    private static func cut(_ name: String, toCharacters count: Int) -> String {
        var result = String(name.prefix(count))
        while result.unicodeScalars.count > maximumScalars { result.removeLast() }
        return result
    }

    private static var tooLong: ClassroomError {
        ClassroomError(.invalid, "Validation error: \"nickname\" must be at most \(maximumCharacters) characters long")
    }

    /// Small letters of Cyrillic and Greek that look like Latin ones.
    private static let lookAlikes: [Unicode.Scalar: Unicode.Scalar] = [
        "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x", "і": "i", "ј": "j", "ѕ": "s", "ԁ": "d", "ԛ": "q", "ԝ": "w",
        "һ": "h", "ӏ": "l", "ο": "o", "α": "a", "ν": "v", "ρ": "p", "ι": "i", "κ": "k", "к": "k", "ҝ": "k", "υ": "u", "χ": "x", "γ": "y",
        "в": "b", "м": "m", "т": "t", "н": "h",
    ]
}
