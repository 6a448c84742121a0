import Classroom

/// The file name of a saved report, made from the quiz's title.
struct ReportFileName {
    private static let maximumCharacters = 80

    /// With its extension. Fit for the file systems of all browsers.
    let name: String
    private let asciiName: String

    init(title: String, sessionID: String) {
        let stem = Self.stem(title)
        name = (stem.isEmpty ? sessionID : stem) + ".csv"
        let plain = String(String.UnicodeScalarView(stem.unicodeScalars.map { $0.isASCII ? $0 : "_" }))
        let isTelling = plain.contains { $0.isLetter || $0.isNumber }
        asciiName = (isTelling ? plain : sessionID) + ".csv"
    }

    /// The name for old programs and the true one (RFC 6266, section 4.3; RFC 8187).
    var contentDisposition: String {
        guard asciiName != name else { return "attachment; filename=\"\(name)\"" }
        let encoded = name.utf8.map { byte in
            Self.isPlain(byte) ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
        return "attachment; filename=\"\(asciiName)\"; filename*=UTF-8''\(encoded)"
    }

    /// The title without what a file system, or an eye, would stumble over.
    private static func stem(_ title: String) -> String {
        guard !title.showsNothing else { return "" }
        // By scalars: a slash with a combining mark behind it is another character, and a slash all the same.
        let replaced = Nickname.shown(title).unicodeScalars.map { scalar -> Unicode.Scalar in
            "/\\:*?\"<>|%".unicodeScalars.contains(scalar) ? "_" : scalar
        }
        let stem = String(String.UnicodeScalarView(replaced)).prefix(maximumCharacters).trimmingPrefix { $0 == "." || $0.isWhitespace }
        let end = stem.lastIndex { $0 != "." && !$0.isWhitespace }.map(stem.index(after:)) ?? stem.startIndex
        let name = String(stem[..<end])
        // Devices of Windows, whatever their extension.
        let reserved = ["CON", "PRN", "AUX", "NUL"] + (1...9).flatMap { ["COM\($0)", "LPT\($0)"] }
        return reserved.contains(name.uppercased()) ? name + "_" : name
    }

    /// `attr-char` of RFC 8187.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$&+-.^_`|~".utf8.contains(byte)
        }
    }
}
