/// Rows of a CSV file (RFC 4180). A quoted field may hold delimiters, line ends and doubled quotation marks.
struct CSVTable: Sendable, Hashable {
    struct Row: Sendable, Hashable {
        /// The line on which the row begins, from 1.
        var line: Int
        var fields: [String]
    }

    struct SyntaxError: Error, Hashable {
        var line: Int
        var message: String
    }

    var rows: [Row]

    /// - Parameter skipsEmptyLines: drops lines without any character; otherwise such a line is a row with one empty field.
    init(_ text: String, delimiter: Unicode.Scalar = ",", skipsEmptyLines: Bool = true) throws(SyntaxError) {
        self.rows = []
        var fields: [String] = []
        var field = String.UnicodeScalarView()
        var line = 1
        var rowLine = 1
        var quoteLine: Int?
        var wasQuoted = false
        var isEmptyLine = true
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        if scalars.first == "\u{FEFF}" { index = scalars.index(after: index) }

        func endRow(_ rows: inout [Row]) {
            fields.append(String(field))
            if !(isEmptyLine && skipsEmptyLines) { rows.append(Row(line: rowLine, fields: fields)) }
            fields = []
            field = String.UnicodeScalarView()
            wasQuoted = false
            isEmptyLine = true
        }

        while index < scalars.endIndex {
            let scalar = scalars[index]
            let next = scalars.index(after: index)
            if scalar == "\n" { line += 1 }
            if quoteLine != nil {
                if scalar != "\"" {
                    field.append(scalar)
                } else if next < scalars.endIndex, scalars[next] == "\"" {
                    field.append("\"")
                    index = next
                } else {
                    quoteLine = nil
                }
            } else if scalar == delimiter {
                fields.append(String(field))
                field = String.UnicodeScalarView()
                wasQuoted = false
                isEmptyLine = false
            } else if scalar == "\n" || scalar == "\r" {
                if scalar == "\r" {
                    if next < scalars.endIndex, scalars[next] == "\n" { index = next }
                    line += 1
                }
                endRow(&self.rows)
                rowLine = line
            } else if scalar == "\"", field.isEmpty, !wasQuoted {
                quoteLine = line
                wasQuoted = true
                isEmptyLine = false
            } else if wasQuoted {
                throw SyntaxError(line: line, message: "text after the closing quotation mark of a field")
            } else {
                field.append(scalar)
                isEmptyLine = false
            }
            index = scalars.index(after: index)
        }
        if let quoteLine { throw SyntaxError(line: quoteLine, message: "a quotation mark is never closed") }
        if !isEmptyLine || !fields.isEmpty { endRow(&self.rows) }
    }
}
