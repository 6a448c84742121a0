import EngineIOCore
import Testing

@Suite("The coding that a client likes best")
struct ContentCodingTests {
    @Test(
        "weights decide, then the client's order, then the server's",
        arguments: [
            (["gzip, deflate"], "gzip"), (["deflate, gzip"], "deflate"), (["deflate", "gzip"], "deflate"), (["GZIP"], "gzip"),
            (["gzip;q=0.5, deflate"], "deflate"), (["gzip;q=0.5, deflate;q=0.4"], "gzip"), (["br, zstd, gzip"], "gzip"),
            (["identity, gzip;q=0.1"], "gzip"), (["*"], "gzip"), (["gzip;q=0, *"], "deflate"), (["*;q=0.1, deflate;q=0.2"], "deflate"),
            (["\tgzip ; q=1.0"], "gzip"),
        ])
    func preferred(fields: [String], coding: String) {
        #expect(ContentCoding.preferred(by: fields)?.rawValue == coding)
    }

    @Test(
        "a client that accepts neither gets the body as it is",
        arguments: [[], [""], ["br"], ["gzip;q=0"], ["*;q=0"], ["gzip;q=2"], ["gzip;q=x, deflate;q=-1"], [",;,"], ["gzipped"]])
    func none(fields: [String]) {
        #expect(ContentCoding.preferred(by: fields) == nil)
    }

    @Test("an entry of sixty-four bytes is read, and a longer one counts as another coding")
    func longEntry() {
        let longest = "gzip;q=0." + String(repeating: "5", count: 55)
        #expect(ContentCoding.preferred(by: [longest]) == .gzip)
        #expect(ContentCoding.preferred(by: [longest + "5"]) == nil)
        let marks = String(repeating: "\u{301}\u{327}", count: 16)
        #expect(ContentCoding.preferred(by: ["a\(marks), gzip;q=0.1\(marks), deflate;\(marks)a=b;q=0.1\(marks)"]) == nil)
        #expect(ContentCoding.preferred(by: ["a\(marks), deflate"]) == .deflate)
    }

    @Test("a comma or a semicolon with a mark divides entries all the same")
    func marks() {
        #expect(ContentCoding.preferred(by: ["br,\u{301}, gzip"]) == .gzip)
        #expect(ContentCoding.preferred(by: ["gzip;\u{301}a=b"]) == .gzip)
    }

    @Test("sixteen entries are read, and not one more")
    func entries() {
        let others = Array(repeating: "br", count: 15)
        #expect(ContentCoding.preferred(by: [(others + ["gzip"]).joined(separator: ",")]) == .gzip)
        #expect(ContentCoding.preferred(by: [(others + ["br", "gzip"]).joined(separator: ",")]) == nil)
    }
}
