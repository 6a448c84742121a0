/// The form for comparing texts that people type: names with names, answers with answers.
///
/// Equal in this form are texts that differ only in letter case, in compatibility characters (NFKC: full-width letters, ligatures), in
/// invisible characters, in white space, in the script of their digits, or in the punctuation that phones and word processors put in by
/// themselves. The cost is linear in the length.
public enum TextFolding {
    public static func fold(_ text: String) -> String {
        if let plain = foldedASCII(text) { return plain }
        var unified = String.UnicodeScalarView()
        // Before NFKC, which takes some marks apart (´ becomes a space with an accent) and joins nothing across an invisible character.
        for scalar in text.unicodeScalars where scalar.isBlank || !scalar.isInvisible { unified.append(scalar.plainPunctuation ?? scalar) }
        // Lower case first, which alone knows ẞ; then upper case, which turns ß into SS.
        let folded = String(unified).compatibilityNormalized.lowercased().uppercased().lowercased().compatibilityNormalized
        var result = String.UnicodeScalarView()
        var isSpaceDue = false
        for scalar in folded.unicodeScalars {
            if scalar.isBlank {
                isSpaceDue = !result.isEmpty
            } else if !scalar.isInvisible, !(scalar == "\u{307}" && result.last == "i") {
                // The dot that lower case leaves of İ is not another letter: "istanbul" is İstanbul.
                if isSpaceDue { result.append(" ") }
                isSpaceDue = false
                result.append(scalar.decimalDigit ?? scalar.plainPunctuation ?? scalar)
            }
        }
        return String(result)
    }

    /// The same for ASCII, which most texts are: no tables, one pass.
    private static func foldedASCII(_ text: String) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var isSpaceDue = false
        for byte in text.utf8 {
            switch byte {
            case 0x80...: return nil
            case 0x20, 0x09...0x0D: isSpaceDue = !bytes.isEmpty
            case 0x00..<0x20, 0x7F: continue
            default:
                if isSpaceDue { bytes.append(0x20) }
                isSpaceDue = false
                bytes.append(byte == UInt8(ascii: "`") ? UInt8(ascii: "'") : (0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Typographic punctuation and what a keyboard without it has in its place.
    fileprivate static let punctuation: [Unicode.Scalar: Unicode.Scalar] = {
        let groups: [(Unicode.Scalar, String)] = [
            ("'", "\u{60}\u{B4}‘’‚‛′‵‹›ʹʻʼʽˈˊˋ՚׳＇｀❛❜❮❯"),
            ("\"", "“”„‟″‶«»ʺ״〝〞〟＂❝❞⹂「」『』"),
            // Beside what Unicode calls a dash.
            ("-", "⁃➖˗"),
            ("/", "⁄∕⧸"), (":", "∶ː"), ("~", "〜∼˜⁓"), ("*", "∗⁎"), ("|", "∣ǀ"), ("·", "•∙⋅‧・"), (",", "，、،٬"), (".", "٫。｡"),
            ("?", "؟"), (";", "؛\u{37E}"),
        ]
        var table: [Unicode.Scalar: Unicode.Scalar] = [:]
        for (plain, variants) in groups {
            for variant in variants.unicodeScalars where table[variant] == nil { table[variant] = plain }
        }
        return table
    }()
}

extension Unicode.Scalar {
    /// White space, or a blank to the eye: U+2800 is an empty Braille cell, a symbol by its category.
    var isBlank: Bool { properties.isWhitespace || self == "\u{2800}" }

    /// True for characters that show nothing and are no white space: joiners, direction marks, fillers, soft hyphens, unassigned code points.
    var isInvisible: Bool {
        if value < 0x7F { return value < 0x20 }
        if properties.isDefaultIgnorableCodePoint { return true }
        return switch properties.generalCategory {
        // Some Arabic marks stand before a number and are drawn, although their category is that of format characters.
        case .format: !isPrependedMark
        case .control, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    private var isPrependedMark: Bool {
        (0x600...0x605).contains(value) || value == 0x6DD || value == 0x70F || (0x890...0x891).contains(value) || value == 0x8E2
            || value == 0x110BD || value == 0x110CD
    }

    /// The ASCII digit of the same value, for a digit of any script.
    var decimalDigit: Unicode.Scalar? {
        guard value > 0x7F, properties.generalCategory == .decimalNumber, let digit = properties.numericValue else { return nil }
        return Unicode.Scalar(UInt8(ascii: "0") + UInt8(digit))
    }

    /// The ASCII character that stands for this typographic one on a keyboard.
    fileprivate var plainPunctuation: Unicode.Scalar? {
        guard value == 0x60 || value > 0x7F else { return nil }
        return TextFolding.punctuation[self] ?? (properties.isDash ? "-" : nil)
    }

    /// True for characters that change the direction of the text around them, or end such a change.
    var isDirectionControl: Bool {
        switch value {
        case 0x61C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

extension String {
    /// True if no character of it leaves a trace on a screen.
    public var showsNothing: Bool {
        // Most texts begin with a printable ASCII character, which needs no table.
        if let first = utf8.first, first > 0x20, first < 0x7F { return false }
        return unicodeScalars.allSatisfy { $0.isBlank || $0.isInvisible }
    }
}

extension StringProtocol {
    /// With the digits of other scripts as ASCII digits.
    var withPlainDigits: String {
        guard utf8.contains(where: { $0 > 0x7F }) else { return String(self) }
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars { scalars.append(scalar.decimalDigit ?? (scalar == "٫" ? "." : scalar)) }
        return String(scalars)
    }
}
