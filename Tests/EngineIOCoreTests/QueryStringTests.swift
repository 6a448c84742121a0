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

    @Test("a target's path and authority are read by bytes, whatever marks follow them")
    func absoluteForm() {
        #expect(QueryString.path(of: "http://a:1/x?y") == "/x" && QueryString.authority(of: "http://a:1/x?y") == "a:1")
        #expect(QueryString.path(of: "http://a?y") == "/" && QueryString.authority(of: "http://a") == "a")
        #expect(QueryString.path(of: "a:b://c/d") == "/d" && QueryString.authority(of: "a:b") == nil)
        #expect(QueryString.path(of: "/x://y") == "/x://y" && QueryString.authority(of: "/x://y") == nil)
        // As one letter, the slash with its mark would be none.
        #expect(QueryString.path(of: "/\u{301}x://y").utf8.elementsEqual("/\u{301}x://y".utf8))
        #expect(QueryString.path(of: "http://a/\u{301}x").utf8.elementsEqual("/\u{301}x".utf8))
        #expect(QueryString.authority(of: "http:///\u{301}x")?.isEmpty == true)
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
