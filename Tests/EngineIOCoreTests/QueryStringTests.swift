import EngineIOCore
import Testing

@Suite("Query strings")
struct QueryStringTests {
    @Test("names and values are decoded, and the first of two counts")
    func decodes() {
        let query = QueryString.parameters("a=1&b=x%20y+z&c&a=2&%64=%zz&e=%4")
        #expect(query == ["a": "1", "b": "x y z", "c": "", "d": "%zz", "e": "%4"])
    }

    @Test("the target is split at the first question mark")
    func splits() {
        #expect(QueryString.split("/socket.io/?a=b?c").path == "/socket.io/")
        #expect(QueryString.split("/socket.io/?a=b?c").query == "a=b?c")
        #expect(QueryString.split("/x").query.isEmpty)
    }

    @Test("parameters past the limit are not read")
    func limit() {
        let many = (0..<200).map { "p\($0)=1" }.joined(separator: "&")
        #expect(QueryString.parameters(many[...]).count == QueryString.maximumParameters)
    }

    @Test("a parameter whose name is too long is ignored")
    func longName() {
        for (extra, count) in [(0, 2), (1, 1)] {
            let name = String(repeating: "a", count: QueryString.maximumNameBytes + extra)
            #expect(QueryString.parameters("\(name)=1&b=2").count == count)
        }
    }

    @Test("bytes that are not UTF-8 do no harm")
    func notUTF8() {
        #expect(QueryString.parameters("a=%ff%fe")["a"] == "\u{FFFD}\u{FFFD}")
    }
}
