import Foundation
import Testing

@testable import LoadTesting

@Suite("Payloads")
struct PayloadTests {
    @Test("RFC 4180: quoted fields hold delimiters, line ends and quotation marks")
    func quoting() throws {
        let table = try CSVTable("a,\"b,\"\"c\"\"\nd\",e\r\n1,2,3\n\nx,,\"\"")
        #expect(table.rows.map(\.fields) == [["a", "b,\"c\"\nd", "e"], ["1", "2", "3"], ["x", "", ""]])
        #expect(table.rows.map(\.line) == [1, 3, 5])
    }

    @Test("other delimiters, a byte order mark, empty lines kept")
    func variants() throws {
        #expect(try CSVTable("\u{FEFF}a;b\rc;d", delimiter: ";").rows.map(\.fields) == [["a", "b"], ["c", "d"]])
        #expect(try CSVTable("a\n\nb", skipsEmptyLines: false).rows.count == 3)
    }

    @Test("a quotation mark that is never closed is an error at its line")
    func unclosed() {
        #expect(throws: CSVTable.SyntaxError(line: 2, message: "a quotation mark is never closed")) { try CSVTable("a\n\"b\nc") }
        #expect(throws: CSVTable.SyntaxError.self) { try CSVTable("\"a\"b,c") }
    }

    private func rows(_ csv: String, _ settings: String, steps: String = "- emit: [a, \"{{ u }}\", \"{{ n }}\"]") throws -> (
        Script, PayloadRows
    ) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("payload-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(csv.utf8).write(to: folder.appendingPathComponent("data.csv"))
        let script = try parse(flow(steps, config: "payload: {path: ./data.csv, \(settings)}"))
        return (script, try PayloadRows(script, directory: folder.path))
    }

    private func text(_ script: Script, _ rows: PayloadRows, user: Int, name: String) -> String? {
        let slot = script.variables.existingSlot(for: name)
        return rows.values(for: user, seed: 1).first { $0.slot == slot }?.value.json
    }

    @Test("rows in sequence go round, values are cast unless that changes them")
    func sequence() throws {
        let (script, rows) = try rows("ann,1\nben,007\ncy,true", "fields: [u, n], order: sequence")
        #expect((0..<4).map { text(script, rows, user: $0, name: "u") } == ["\"ann\"", "\"ben\"", "\"cy\"", "\"ann\""])
        #expect((0..<3).map { text(script, rows, user: $0, name: "n") } == ["1", "\"007\"", "true"])
    }

    @Test("cast: false keeps strings, skipHeader drops the first row")
    func strings() throws {
        let (script, rows) = try rows("u,n\nann,1", "fields: [u, n], cast: false, skipHeader: true")
        #expect(text(script, rows, user: 5, name: "n") == "\"1\"")
    }

    @Test("without fields the first row names the columns")
    func header() throws {
        let (script, rows) = try rows("n,u\n1,ann", "order: sequence")
        #expect(text(script, rows, user: 0, name: "u") == "\"ann\"")
    }

    @Test("random rows depend on the seed and the user alone")
    func random() throws {
        let (script, rows) = try rows((0..<100).map { "u\($0),\($0)" }.joined(separator: "\n"), "fields: [u, n]")
        let one = (0..<50).map { text(script, rows, user: $0, name: "u") }
        #expect(Set(one.compactMap { $0 }).count > 20)
        #expect(one == (0..<50).map { text(script, rows, user: $0, name: "u") })
    }

    @Test("loadAll gives every user all rows")
    func whole() throws {
        let (script, rows) = try rows(
            "ann,1\nben,2", "fields: [u, n], loadAll: true, name: all",
            steps: "- loop: [{emit: [a, \"{{ $loopElement.u }}\"]}]\n  over: all")
        #expect(text(script, rows, user: 0, name: "all") == "[{\"u\":\"ann\",\"n\":1},{\"u\":\"ben\",\"n\":2}]")
    }

    @Test("a file that is absent, empty or too short in a row is an error at its place")
    func wrong() throws {
        let script = try parse(flow("- think: 1", config: "payload: {path: ./none.csv, fields: [u]}"))
        #expect(throws: Diagnostics.self) { try PayloadRows(script, directory: "/nonexistent") }
        do {
            _ = try rows("ann,1\nben", "fields: [u, n]")
            #expect(Bool(false))
        } catch let error as Diagnostics {
            #expect(error.entries[0].description.hasPrefix("./data.csv:2:1: error: the row has 1 fields; the script names 2"))
        }
    }
}
