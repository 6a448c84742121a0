/// Variables of the process's environment that scripts read as `$env.NAME` or `$processEnvironment.NAME`.
enum EnvironmentVariables {
    /// The names that a text refers to, in their order.
    static func names(in text: String) -> [String] {
        var names: [String] = []
        for prefix in ["$env.", "$processEnvironment."] {
            var rest = text[...]
            while let found = rest.firstRange(of: prefix) {
                rest = rest[found.upperBound...]
                let name = rest.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
                if !name.isEmpty, !names.contains(String(name)) { names.append(String(name)) }
            }
        }
        return names
    }
}

extension EnvironmentVariables {
    /// Reads the file of `--dotenv`: lines `NAME=value`, with or without `export`. `#` begins a comment. Values in quotation marks may span
    /// several lines. In double quotation marks `\\n` is a line end; within single ones a value is taken as it is.
    static func parse(_ text: String, file: String) throws(Diagnostic) -> [String: String] {
        var variables: [String: String] = [:]
        var reader = LineReader(text)
        while let line = reader.next() {
            let trimmed = line.trimmingWhitespace()
            if trimmed.isEmpty || trimmed.hasPrefix("#") { continue }
            let place = SourcePosition(file: file, line: reader.number, column: 1)
            let assignment = trimmed.hasPrefix("export ") ? trimmed.dropFirst("export ".count).trimmingWhitespace() : trimmed
            guard let equals = assignment.firstIndex(of: "="), equals > assignment.startIndex else {
                throw Diagnostic(.error, at: place, "expected NAME=value, found '\(trimmed.prefix(40))'")
            }
            let name = assignment[..<equals].trimmingWhitespace()
            guard name.allSatisfy({ $0 == "_" || $0 == "." || $0 == "-" || $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
                throw Diagnostic(.error, at: place, "'\(name.prefix(40))' is not a valid variable name")
            }
            let value = assignment[assignment.index(after: equals)...].trimmingWhitespace()
            guard let mark = value.first, mark == "\"" || mark == "'" || mark == "`" else {
                let end = value.firstRange(of: " #")?.lowerBound ?? value.endIndex
                variables[String(name)] = String(value[..<end].trimmingWhitespace())
                continue
            }
            variables[String(name)] = try Self.quoted(value, mark: mark, &reader, place)
        }
        return variables
    }

    private static func quoted(
        _ value: Substring, mark: Character, _ reader: inout LineReader, _ place: SourcePosition
    ) throws(Diagnostic) -> String {
        var content = String(value.dropFirst())
        while true {
            if let end = Self.end(of: content, mark) {
                let inner = String(content[..<end])
                return mark == "\"" ? inner.replacing("\\n", with: "\n").replacing("\\\"", with: "\"") : inner
            }
            guard let line = reader.next() else { throw Diagnostic(.error, at: place, "a quotation mark is never closed") }
            content += "\n" + line
        }
    }

    /// The closing quotation mark. Within double quotation marks, a mark after a backslash does not close.
    private static func end(of content: String, _ mark: Character) -> String.Index? {
        var isEscaped = false
        for index in content.indices {
            if isEscaped {
                isEscaped = false
            } else if content[index] == "\\", mark == "\"" {
                isEscaped = true
            } else if content[index] == mark {
                return index
            }
        }
        return nil
    }

    private struct LineReader {
        private var lines: ArraySlice<Substring>
        /// The number of the last line that was read, from 1.
        private(set) var number = 0

        init(_ text: String) {
            let body = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
            lines = body.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
        }

        mutating func next() -> Substring? {
            number += 1
            return lines.popFirst()
        }
    }
}

extension StringProtocol {
    fileprivate func trimmingWhitespace() -> SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
