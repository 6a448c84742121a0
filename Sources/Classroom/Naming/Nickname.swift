/// A name as shown in a session, and the form in which it has to be unique there.
///
/// NFKC; control, zero-width, bidirectional and other invisible characters removed; runs of white space become one space, the ends trimmed;
/// 1 to 32 characters (at most 64 scalars, so that no name towers over its line), no `<` or `>`.
public struct Nickname: Hashable, Sendable {
    public static let maximumCharacters = 32
    public static let maximumScalars = 64
    /// What a name may be made of before it is cleaned, in UTF-8 bytes.
    public static let maximumRawBytes = 1_024

    public let display: String
    /// Equal for names that nobody could tell apart.
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

    /// The name of an account, which its owner can't choose here: it is made to fit.
    public static func account(_ raw: String) -> Nickname {
        var cleaned = Nickname.cleaned(String(decoding: raw.utf8.prefix(maximumRawBytes), as: UTF8.self))
        cleaned.unicodeScalars.removeAll { $0 == "<" || $0 == ">" }
        cleaned = cut(cleaned, toCharacters: maximumCharacters).trimmingSpaces()
        return Nickname(display: cleaned.isEmpty ? "Player" : cleaned)
    }

    private init(display: String) {
        self.display = display
        self.folded = Nickname.fold(display)
    }

    /// The same name with a number behind it, still within the limits.
    func numbered(_ number: Int) -> Nickname {
        let suffix = " \(number)"
        return Nickname(display: Nickname.cut(display, toCharacters: Nickname.maximumCharacters - suffix.count) + suffix)
    }

    /// The same for all names that are equal as far as ``numbered(_:)`` keeps them, whatever the number.
    var numberingKey: String { Nickname.fold(Nickname.cut(display, toCharacters: Nickname.maximumCharacters - Nickname.longestSuffix)) }

    /// A space and the digits of the largest number that a full session needs.
    private static let longestSuffix = 6

    /// Case-folded, with the commonest look-alikes of other scripts as their Latin models.
    static func fold(_ name: String) -> String {
        // Upper case first: it turns ß into SS and ſ into S, which lower case alone leaves.
        let folded = cleaned(name).uppercased().lowercased().compatibilityNormalized
        var result = String.UnicodeScalarView()
        for scalar in folded.unicodeScalars { result.append(lookAlikes[scalar] ?? scalar) }
        return String(result)
    }

    private static func cleaned(_ raw: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in raw.compatibilityNormalized.unicodeScalars {
            if isBlank(scalar) {
                if scalars.last != " " { scalars.append(" ") }
            } else if !isInvisible(scalar) {
                scalars.append(scalar)
            }
        }
        return String(scalars).trimmingSpaces()
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        // U+2800 is an empty Braille cell: a symbol by its category, a blank to the eye.
        scalar.properties.isWhitespace || scalar == "\u{2800}"
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isDefaultIgnorableCodePoint { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: true
        default: false
        }
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
