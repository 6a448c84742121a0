import Foundation

/// The rows of a script's payload files, ready for virtual users.
public struct PayloadRows: Sendable {
    static let maximumBytes = 512 << 20

    private struct Table: Sendable {
        var definition: PayloadDefinition
        /// Slots of the columns. Nil for a column that nothing reads.
        var slots: [Int?]
        var rows: [[ScriptValue]]
        var whole: ScriptValue?
    }

    private var tables: [Table] = []

    /// No payloads.
    public init() {}

    /// Reads the files of a script.
    ///
    /// - Parameter directory: the directory of relative paths.
    public init(_ script: Script, directory: String) throws(Diagnostics) {
        try self.init(script, texts: try Self.texts(of: script, directory: directory))
    }

    /// - Parameter texts: of the payload files, in the order of the configuration.
    init(_ script: Script, texts: [String]) throws(Diagnostics) {
        var diagnostics = Diagnostics()
        for (payload, text) in zip(script.configuration.payloads, texts) {
            do {
                tables.append(try Self.table(payload, text: text, variables: script.variables))
            } catch {
                diagnostics.add(error)
            }
        }
        if diagnostics.hasErrors { throw diagnostics }
    }

    /// The payload files' texts, in the order of the configuration.
    public static func texts(of script: Script, directory: String) throws(Diagnostics) -> [String] {
        var diagnostics = Diagnostics()
        var texts: [String] = []
        for payload in script.configuration.payloads {
            let path = payload.path.hasPrefix("/") ? payload.path : (directory.isEmpty ? "." : directory) + "/" + payload.path
            guard let data = FileManager.default.contents(atPath: path) else {
                diagnostics.error(at: payload.pathPosition, "the payload file '\(payload.path)' cannot be read (looked for \(path))")
                continue
            }
            guard data.count <= Self.maximumBytes, let text = String(data: data, encoding: .utf8) else {
                diagnostics.error(
                    at: payload.pathPosition, "the payload file '\(payload.path)' is not UTF-8 or larger than \(Self.maximumBytes) bytes")
                continue
            }
            texts.append(text)
        }
        if diagnostics.hasErrors { throw diagnostics }
        return texts
    }

    private static func table(_ payload: PayloadDefinition, text: String, variables: VariableTable) throws(Diagnostic) -> Table {
        var csv: CSVTable
        do {
            csv = try CSVTable(
                text, delimiter: payload.delimiter.unicodeScalars.first ?? ",", skipsEmptyLines: payload.skipsEmptyLines)
        } catch {
            throw Diagnostic(.error, at: SourcePosition(file: payload.path, line: error.line, column: 1), error.message)
        }
        var names = payload.fields
        if names == nil || payload.skipsHeader {
            let header = csv.rows.isEmpty ? nil : csv.rows.removeFirst()
            if names == nil { names = header?.fields }
        }
        let fields = names ?? []
        guard !csv.rows.isEmpty else {
            throw Diagnostic(.error, at: payload.pathPosition, "the payload file '\(payload.path)' has no rows")
        }
        if payload.wholeName == nil, let short = csv.rows.first(where: { $0.fields.count < fields.count }) {
            throw Diagnostic(
                .error, at: SourcePosition(file: payload.path, line: short.line, column: 1),
                "the row has \(short.fields.count) fields; the script names \(fields.count): \(fields.joined(separator: ", "))")
        }
        let rows = csv.rows.map { $0.fields.map { payload.casts ? Self.cast($0) : .string($0) } }
        var table = Table(definition: payload, slots: fields.map { variables.existingSlot(for: $0) }, rows: rows)
        if payload.wholeName != nil {
            // If the columns have names, each row is a mapping, otherwise a list.
            table.whole = .array(
                rows.map { row in
                    fields.isEmpty ? .array(row) : .object(zip(fields, row).map { ScriptValue.Member($0, $1) })
                })
        }
        return table
    }

    /// Converts as Artillery does: texts of numbers and booleans become such values. A number that would be written differently stays a
    /// string (`007`, `1e5`).
    private static func cast(_ text: String) -> ScriptValue {
        if text == "true" { return .bool(true) }
        if text == "false" { return .bool(false) }
        if let value = Int(text), String(value) == text { return .int(value) }
        if let value = Double(text), value.isFinite, "\(value)" == text { return .double(value) }
        return .string(text)
    }

    /// The values of one virtual user: by its number for `sequence`, by the seed for `random`.
    func values(for user: Int, seed: UInt64) -> [(slot: Int, value: ScriptValue)] {
        var values: [(slot: Int, value: ScriptValue)] = []
        for (number, table) in tables.enumerated() {
            if let whole = table.whole {
                if let slot = table.definition.wholeSlot { values.append((slot, whole)) }
                continue
            }
            var random = SeededGenerator(seed: seed, stream: 5 + UInt64(number), index: UInt64(user))
            let index = table.definition.order == .sequence ? user % table.rows.count : Int.random(in: 0..<table.rows.count, using: &random)
            for (slot, value) in zip(table.slots, table.rows[index]) { if let slot { values.append((slot, value)) } }
        }
        return values
    }
}
