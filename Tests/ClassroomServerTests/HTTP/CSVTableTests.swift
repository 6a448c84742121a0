@testable import ClassroomServer
import Testing

@Suite("CSV")
struct CSVTableTests {
    @Test(
        "a cell that starts like a formula is neutralised",
        arguments: [
            ("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), (" =1", "' =1"), ("\t=1", "'\t=1"), ("\tx", "'\tx"), ("＝1", "'＝1"),
            ("a=1", "a=1"), ("", ""), ("ünïcode 🎉", "ünïcode 🎉"),
        ])
    func formulas(value: String, cell: String) {
        #expect(CSVTable.cell(value) == cell)
    }

    @Test(
        "separators, quotes and line breaks are quoted",
        arguments: [
            ("a,b", "\"a,b\""), ("a;b", "\"a;b\""), ("a\"b", "\"a\"\"b\""), ("a\nb", "\"a\nb\""), ("a\r\nb", "\"a\r\nb\""),
            ("=a,b", "\"'=a,b\""),
        ])
    func quoting(value: String, cell: String) {
        #expect(CSVTable.cell(value) == cell)
    }
}
