import NIOCore

/// Comma-separated values (RFC 4180) that spreadsheets show as they are and do not execute. They are written cell by cell, and taken in pieces.
struct CSVTable {
    /// Begins with a byte order mark: without it Excel does not take the text for UTF-8.
    private var buffer = ByteBuffer(string: "\u{FEFF}")
    private var isInRow = false

    /// The bytes that were written and not taken.
    var count: Int { buffer.readableBytes }

    /// Adds cells to the current row.
    mutating func add(_ cells: String...) {
        for cell in cells {
            if isInRow { buffer.writeInteger(UInt8(ascii: ",")) }
            isInRow = true
            if !cell.isEmpty { buffer.writeString(Self.cell(cell)) }
        }
    }

    mutating func endRow() {
        buffer.writeStaticString("\r\n")
        isInRow = false
    }

    /// What was written since the last call.
    mutating func take() -> ByteBuffer {
        defer { buffer = ByteBuffer() }
        return buffer
    }

    /// The first characters of a formula; some programs accept the full-width forms too.
    private static let formulaSigns = Set("=+-@＝＋－＠".unicodeScalars)

    /// A cell that starts like a formula gets an apostrophe in front, unless it is a number, which computes nothing. White space before the sign
    /// does not save it: some programs trim.
    static func cell(_ value: String) -> String {
        var value = value
        if isNumber(value) {
            // As it is.
        } else if let first = value.unicodeScalars.first(where: { !$0.properties.isWhitespace }), formulaSigns.contains(first) {
            value = "'" + value
        } else if let first = value.unicodeScalars.first, first == "\t" || first == "\r" {
            value = "'" + value
        }
        let needsQuotes = value.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" || $0 == ";" }
        guard needsQuotes else { return value }
        // By scalars: a quotation mark with a combining mark behind it is another character, but to a reader of CSV it ends the cell.
        var quoted = "\"".unicodeScalars
        for scalar in value.unicodeScalars {
            if scalar == "\"" { quoted.append(scalar) }
            quoted.append(scalar)
        }
        quoted.append("\"")
        return String(quoted)
    }

    /// `-5`, `+3.25`, `1e-7`: a sign, digits, perhaps a fraction and an exponent.
    static func isNumber(_ value: String) -> Bool {
        var rest = value.utf8[...]
        func digits() -> Bool {
            let count = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(count)
            return count > 0
        }
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard digits() else { return false }
        if rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",") {
            rest = rest.dropFirst()
            guard digits() else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard digits() else { return false }
        }
        return rest.isEmpty
    }
}
