import JSONCore
import NIOCore
import Testing

/// What RFC 8259 leaves to the reader, as the documentation of ``JSONSlice`` says it.
@Suite("The rules where RFC 8259 leaves a choice")
struct RuleTests {
    @Test("the last of repeated members counts, in a look-up, a decoder and among few or many members", arguments: [0, 3, 40])
    func repeatedKeys(others: Int) throws {
        let filler = (0..<others).map { "\"x\($0)\":0," }.joined()
        let slice = try JSONSlice("{\"a\":1,\(filler)\"\\u0061\":2,\"b\":{\"c\":1,\"c\":[3]}}")
        #expect(slice["a"]?.int == 2)
        #expect(slice.members(named: ["b", "a"]).first { $0.key == "a" }?.value.int == 2)
        #expect(slice["b"]?["c"]?[0]?.int == 3)
        struct Both: Decodable, Equatable {
            struct Inner: Decodable, Equatable { var c: [Int] }
            var a: Int
            var b: Inner
        }
        #expect(try slice.decode(Both.self) == Both(a: 2, b: .init(c: [3])))
        let table = try JSONSlice("{\(filler)\"a\":1,\"\\u0061\":2}").decode([String: Int].self)
        #expect(table["a"] == 2 && table.count == others + 1)
    }

    @Test("keys are the same when their code points are, without normalisation", arguments: [0, 40])
    func keys(others: Int) throws {
        let filler = (0..<others).map { "\"x\($0)\":0," }.joined()
        let slice = try JSONSlice("{\(filler)\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(slice["\u{E9}"]?.int == 1)
        #expect(slice["e\u{301}"]?.int == 2)
        #expect(slice.count == others + 2)
        struct Two: Decodable {
            enum CodingKeys: String, CodingKey { case composed = "\u{E9}", plain = "e\u{301}" }
            var composed: Int
            var plain: Int
        }
        let two = try slice.decode(Two.self)
        #expect(two.composed == 1 && two.plain == 2)
    }

    @Test("a key with escapes is found by what it says, whatever it is spelled with")
    func escapedKeys() throws {
        let slice = try JSONSlice(#"{"\u005F\u0073entAt":1,"\ud800":2,"\ud83e\udd86":3,"a\"b":4}"#)
        #expect(slice["_sentAt"]?.int == 1)
        #expect(slice["\u{FFFD}"]?.int == 2)
        #expect(slice["🦆"]?.int == 3)
        #expect(slice["a\"b"]?.int == 4)
        #expect(slice["ab"] == nil)
        #expect(slice.members(named: ["🦆", "_sentAt"]).map(\.value.int) == [3, 1])
    }

    @Test("half a surrogate pair is passed on as it is written")
    func loneSurrogates() throws {
        let slice = try JSONSlice(#"["\ud800"]"#)
        #expect(written(slice) == #"["\ud800"]"#)
        #expect(slice[0]?.string == "\u{FFFD}")
    }

    @Test(
        "an integer may be written with a fraction of zeros or an exponent, and every digit counts",
        arguments: [
            ("9007199254740993.0", 9_007_199_254_740_993), ("9007199254740993e0", 9_007_199_254_740_993),
            ("900719925474099300000e-5", 9_007_199_254_740_993), ("0.000009007199254740993e21", 9_007_199_254_740_993), ("-0.0", 0),
            ("0e999999999999999999999", 0), ("-1.20e2", -120), ("9223372036854775807.000", Int.max), ("-92233720368547758080e-1", Int.min),
            ("9223372036854775808.0", nil), ("1.5", nil), ("1e-1", nil), ("12e18", nil), ("1e999999999999999999999", nil),
            ("1e-999999999999999999999", nil), ("10e-1", 1),
        ] as [(String, Int?)])
    func integers(text: String, value: Int?) throws {
        #expect(try JSONSlice(text).int == value)
    }

    @Test("a double is the nearest one, whatever the number of its digits")
    func doubles() throws {
        let zeros = String(repeating: "0", count: 100_000)
        #expect(try JSONSlice("0." + zeros + "1e100001").double == 1)
        #expect(try JSONSlice("1" + zeros + "e-100000").double == 1)
        #expect(try JSONSlice("-1" + zeros).double == nil)
        #expect(try JSONSlice("0." + zeros + "1").double == 0)
        #expect(try JSONSlice("1e999999999999").double == nil)
        #expect(try JSONSlice("1e-999999999999").double == 0)
        // Half-way between two doubles: a digit far behind decides.
        let half = "9007199254740993"
        #expect(try JSONSlice(half + "." + zeros).double == 9_007_199_254_740_992)
        #expect(try JSONSlice(half + "." + zeros + "1").double == 9_007_199_254_740_994)
        // The longest exact expansion of a double, and the text just above it.
        let smallest = Double.leastNonzeroMagnitude
        #expect(try JSONSlice("4940656458412465441765687928682213723651e-363").double == smallest)
        #expect(try JSONSlice(String(repeating: "3", count: 400) + "." + String(repeating: "3", count: 400) + "e-400").double == 1 / 3)
    }

    @Test(
        "reading level by level sees the same as reading at once, at sizes around the shortest container that is noted", arguments: 0...70)
    func levels(size: Int) throws {
        let text = String(repeating: "x", count: size)
        let slice = try JSONSlice(#"{"a":[["\#(text)"],["[",{"b":["\#(text)",[]]}],[]],"c":{"d":"]"},"e":[[["\#(text)"]]]}"#)
        let members = slice.members
        #expect(members.map(\.key) == ["a", "c", "e"])
        let lists = members[0].value.elements
        #expect(lists.map(\.count) == [1, 2, 0])
        #expect(lists[0].elements.map(\.string) == [text])
        let inner = lists[1].elements[1].members[0].value
        #expect(inner.elements[0].string == text && inner.elements[1].kind == .array && inner.count == 2)
        #expect(members[1].value["d"]?.string == "]")
        #expect(members[2].value.elements[0].elements[0].elements[0].string == text)
        // Asked for by place and name, in any order.
        #expect(members[0].value[1]?[1]?["b"]?[0]?.string == text)
        #expect(slice["e"]?[0]?[0]?[0]?.string == text)
        struct Shape: Decodable {
            struct Inner: Decodable { var d: String }
            var a: [JSONSlice]
            var c: Inner
            var e: [[[String]]]
        }
        let shape = try slice.decode(Shape.self)
        #expect(shape.e == [[[text]]] && shape.c.d == "]")
        #expect(shape.a[1][1]?["b"]?.elements.first?.string == text)
    }
}
