import NIOCore
import Testing

@testable import ClassroomHTTP

@Suite("CSV")
struct CSVTableTests {
    @Test(
        "a cell that starts like a formula is neutralised",
        arguments: [
            ("=1", "'=1"), ("+x", "'+x"), ("-1+2", "'-1+2"), ("-", "'-"), ("+1 2", "'+1 2"), ("-1e5x", "'-1e5x"),
            ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"), ("@x", "'@x"), (" =1", "' =1"), ("\t=1", "'\t=1"), ("\tx", "'\tx"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"), ("", ""), ("ünïcode 🎉", "ünïcode 🎉"),
        ])
    func formulas(value: String, cell: String) {
        #expect(CSVTable.cell(value) == cell)
    }

    @Test("a number stays a number", arguments: ["-1", "+1", "0", "-3.25", "-1e-7", "1E+6", "-12345678901234567890"])
    func numbers(value: String) {
        #expect(CSVTable.cell(value) == value)
    }

    @Test("a table begins with a byte order mark, by which Excel recognises UTF-8")
    func mark() {
        var table = CSVTable()
        table.add("ü", "b")
        table.endRow()
        #expect(Array(table.take().readableBytesView) == [0xEF, 0xBB, 0xBF] + Array("ü,b\r\n".utf8))
        table.add("c")
        table.endRow()
        #expect(String(buffer: table.take()) == "c\r\n")
    }

    @Test(
        "a report is called by its quiz's title, as far as file systems can bear it",
        arguments: [
            ("France", "attachment; filename=\"France.csv\""), ("Quiz 1: \"a/b\"", "attachment; filename=\"Quiz 1_ _a_b_.csv\""),
            ("Été", "attachment; filename=\"_t_.csv\"; filename*=UTF-8''%C3%89t%C3%A9.csv"),
            ("日本", "attachment; filename=\"s1.csv\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.csv"), ("", "attachment; filename=\"s1.csv\""),
            ("..", "attachment; filename=\"s1.csv\""), ("CON", "attachment; filename=\"CON_.csv\""),
            ("\u{202E}gnp.exe", "attachment; filename=\"gnp.exe.csv\""), ("a\r\nb: c", "attachment; filename=\"a b_ c.csv\""),
            // A sign with a combining mark behind it is one character.
            ("a\"\u{338}b", "attachment; filename=\"a__b.csv\"; filename*=UTF-8''a_%CC%B8b.csv"),
            ("a/\u{338}b", "attachment; filename=\"a__b.csv\"; filename*=UTF-8''a_%CC%B8b.csv"),
        ])
    func fileName(title: String, header: String) {
        #expect(ReportFileName(title: title, sessionID: "s1").contentDisposition == header)
    }

    @Test(
        "separators, quotes and line breaks are quoted",
        arguments: [
            ("a,b", "\"a,b\""), ("a;b", "\"a;b\""), ("a\"b", "\"a\"\"b\""), ("a\nb", "\"a\nb\""), ("a\r\nb", "\"a\r\nb\""),
            ("=a,b", "\"'=a,b\""),
            // A quotation mark with a combining mark behind it is one character.
            ("a\"\u{301},=1+2", "\"a\"\"\u{301},=1+2\""), ("\"\u{200D}", "\"\"\"\u{200D}\""),
        ])
    func quoting(value: String, cell: String) {
        // By scalars, since some of these signs have a combining mark behind them.
        #expect(Array(CSVTable.cell(value).unicodeScalars) == Array(cell.unicodeScalars))
    }
}
