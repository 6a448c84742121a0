/// Comma-separated values (RFC 4180) that spreadsheets show and do not execute.
struct CSVTable {
    private(set) var text = ""

    mutating func add(_ row: [String]) {
        text += row.map(Self.cell).joined(separator: ",") + "\r\n"
    }

    /// What a formula starts with; some programs take the full-width forms for the same.
    private static let formulaSigns = Set("=+-@＝＋－＠".unicodeScalars)

    /// A cell that starts like a formula gets an apostrophe in front. White space before the sign does not save it: some programs trim.
    static func cell(_ value: String) -> String {
        var value = value
        if let first = value.unicodeScalars.first(where: { !$0.properties.isWhitespace }), formulaSigns.contains(first) {
            value = "'" + value
        } else if let first = value.unicodeScalars.first, first == "\t" || first == "\r" {
            value = "'" + value
        }
        let needsQuotes = value.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" || $0 == ";" }
        guard needsQuotes else { return value }
        return "\"" + value.replacing("\"", with: "\"\"") + "\""
    }
}
