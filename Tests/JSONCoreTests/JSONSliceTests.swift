import NIOCore
import JSONCore
import Testing

@Suite("Values that are read from a slice")
struct JSONSliceTests {
    @Test(
        "the kind of a value",
        arguments: [
            ("null", .null), ("true", .bool), ("false", .bool), ("-1", .number), ("0.5", .number), ("\"\"", .string), ("[]", .array),
            ("{}", .object),
        ]
            as [(String, JSONKind)])
    func kinds(text: String, kind: JSONKind) throws {
        #expect(try JSONSlice(text).kind == kind)
        #expect(try JSONSlice(" \n" + text + "\t ").kind == kind)
    }

    @Test("whitespace around a value is not part of it")
    func trimmed() throws {
        #expect(try JSONSlice("  [1, 2]\n").description == "[1, 2]")
    }

    @Test("asking a value for another type gives nothing")
    func otherKinds() throws {
        let number = try JSONSlice("5"), string = try JSONSlice("\"5\"")
        #expect(number.string == nil && number.bool == nil && number["a"] == nil && number[0] == nil && number.count == 0)
        #expect(string.int == nil && string.double == nil && string.elements.isEmpty && string.members.isEmpty)
        #expect(try JSONSlice("[1]")["a"] == nil)
        #expect(try JSONSlice("{\"a\":1}")[0] == nil)
    }

    @Test("strings are unescaped")
    func strings() throws {
        #expect(try JSONSlice(#""plain""#).string == "plain")
        #expect(try JSONSlice(#""""#).string == "")
        #expect(try JSONSlice(#""\"\\\/\b\f\n\r\t""#).string == "\"\\/\u{8}\u{C}\n\r\t")
        #expect(try JSONSlice(#""gr\u00FCn \uD83E\udd86 日本語""#).string == "grün 🦆 日本語")
        #expect(try JSONSlice(#""\u0000""#).string == "\0")
    }

    @Test(
        "half a surrogate pair becomes U+FFFD",
        arguments: [
            (#""\ud800""#, "\u{FFFD}"), (#""\udc00""#, "\u{FFFD}"), (#""a\ud83eb""#, "a\u{FFFD}b"), (#""\ud83e\ud83e\udd86""#, "\u{FFFD}🦆"),
            (#""\udd86\ud83e""#, "\u{FFFD}\u{FFFD}"), (#""\ud83e\n""#, "\u{FFFD}\n"), (#""\ud83e\u0041""#, "\u{FFFD}A"),
            (#""\u0041\udd86""#, "A\u{FFFD}"),
        ])
    func loneSurrogates(text: String, expected: String) throws {
        #expect(try JSONSlice(text).string == expected)
    }

    @Test("integers")
    func integers() throws {
        #expect(try JSONSlice("0").int == 0)
        #expect(try JSONSlice("-0").int == 0)
        #expect(try JSONSlice("9223372036854775807").int == Int.max)
        #expect(try JSONSlice("-9223372036854775808").int == Int.min)
        #expect(try JSONSlice("9223372036854775808").int == nil)
        #expect(try JSONSlice("-9223372036854775809").int == nil)
        #expect(try JSONSlice("18446744073709551615").integer(as: UInt64.self) == UInt64.max)
        #expect(try JSONSlice("-1").integer(as: UInt64.self) == nil)
        #expect(try JSONSlice("255").integer(as: UInt8.self) == 255)
        #expect(try JSONSlice("256").integer(as: UInt8.self) == nil)
        #expect(try JSONSlice("-128").integer(as: Int8.self) == -128)
        #expect(try JSONSlice("2.0").int == 2)
        #expect(try JSONSlice("2e3").int == 2_000)
        #expect(try JSONSlice("2.5").int == nil)
        #expect(try JSONSlice("1e99").int == nil)
    }

    @Test("doubles")
    func doubles() throws {
        #expect(try JSONSlice("0.1").double == 0.1)
        #expect(try JSONSlice("-1.5e-3").double == -0.0015)
        #expect(try JSONSlice("12").double == 12)
        #expect(try JSONSlice("1e999").double == nil)
        #expect(try JSONSlice("5e-324").double == .leastNonzeroMagnitude)
    }

    @Test("members are found by name, whatever stands between them")
    func members() throws {
        let slice = try JSONSlice(#"{ "a" : 1 , "b":{"a":[2,"}"]},"c\u0064":"x","e":null }"#)
        #expect(slice.count == 4)
        #expect(slice["a"]?.int == 1)
        #expect(slice["b"]?["a"]?[1]?.string == "}")
        #expect(slice["cd"]?.string == "x")
        #expect(slice["e"]?.isNull == true)
        #expect(slice["x"] == nil)
        #expect(slice.members.map(\.key) == ["a", "b", "cd", "e"])
    }

    @Test("the last of two members of one name counts")
    func repeated() throws {
        #expect(try JSONSlice(#"{"a":1,"a":2}"#)["a"]?.int == 2)
    }

    @Test("elements are found by place")
    func elements() throws {
        let slice = try JSONSlice(#"[1, [2, "]"], {"a":3} ,"4"]"#)
        #expect(slice.count == 4)
        #expect(slice[0]?.int == 1)
        #expect(slice[1]?[1]?.string == "]")
        #expect(slice[2]?["a"]?.int == 3)
        #expect(slice[3]?.string == "4")
        #expect(slice[4] == nil)
        #expect(slice[-1] == nil)
        #expect(slice.elements.map(\.description) == ["1", #"[2, "]"]"#, #"{"a":3}"#, "\"4\""])
    }

    @Test("a slice of a slice is read at its own place")
    func nested() throws {
        var buffer = ByteBuffer(string: #"xx[["deep"]]yy"#)
        buffer.moveReaderIndex(forwardBy: 2)
        buffer.moveWriterIndex(to: buffer.writerIndex - 2)
        let slice = try JSONSlice(validating: buffer)
        #expect(slice[0]?[0]?.string == "deep")
    }

    @Test("slices are equal when their bytes are")
    func equality() throws {
        #expect(try JSONSlice("[1]") == JSONSlice(" [1]"))
        #expect(try JSONSlice("[1]") != JSONSlice("[1.0]"))
        #expect(JSONSlice.null.isNull)
    }
}
