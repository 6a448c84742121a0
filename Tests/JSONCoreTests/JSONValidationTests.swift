import NIOCore
import JSONCore
import Testing

@Suite("What is JSON and what is not")
struct JSONValidationTests {
    @Test(
        "valid texts",
        arguments: [
            "null", "true", "false", "0", "-0", "1", "-1", "10", "1.5", "-0.25", "1e5", "1E+5", "1.25e-7", "\"\"", "\"a\"",
            #""\"\\\/\b\f\n\r\t\u00e9\uD83D""#,
            "[]", "[ ]", "{}", "{ }", "[1]", "[1,2]", "[[],[[]],{}]", #"{"a":1}"#, #"{"a":{"b":[null]},"c":""}"#,
            " \t\r\n[ 1 , { \"a\" : 2 } ] \n",
            "\"grün 日本語 🦆\"", "\"\u{7F}\"", "123456789012345678901234567890", "1e999", #""eight by eight bytes, and a quote \" after""#,
        ])
    func valid(text: String) {
        #expect(syntaxError(text) == nil)
    }

    @Test(
        "invalid texts, and why",
        arguments: [
            ("", .unexpectedEnd), (" ", .unexpectedEnd), ("nul", .unexpectedEnd), ("nulL", .unexpectedByte), ("True", .unexpectedByte),
            ("tru]", .unexpectedByte),
            ("-", .invalidNumber), ("01", .invalidNumber), ("-01", .invalidNumber), ("1.", .invalidNumber), (".5", .unexpectedByte),
            ("+1", .unexpectedByte),
            ("1e", .invalidNumber), ("1e+", .invalidNumber), ("1.2.3", .invalidNumber), ("0x10", .trailingBytes), ("NaN", .unexpectedByte),
            ("Infinity", .unexpectedByte),
            ("\"", .unexpectedEnd), ("\"a", .unexpectedEnd), ("\"\\", .unexpectedEnd), ("\"\\\"", .unexpectedEnd),
            ("\"\\u12", .unexpectedEnd), ("\"\\x41\"", .invalidEscape),
            ("\"\\u12G4\"", .invalidEscape), ("\"\\u+123\"", .invalidEscape), ("\"\n\"", .invalidString), ("\"\u{0}\"", .invalidString),
            ("\"\u{1F}\"", .invalidString), ("'a'", .unexpectedByte),
            ("[", .unexpectedEnd), ("[1", .unexpectedEnd), ("[1,", .unexpectedEnd), ("[1,]", .unexpectedByte), ("[,1]", .unexpectedByte),
            ("[1 2]", .unexpectedByte), ("[1}", .unexpectedByte),
            ("]", .unexpectedByte), ("{", .unexpectedEnd), ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd),
            ("{\"a\":1", .unexpectedEnd), ("{\"a\":1,", .unexpectedEnd),
            ("{\"a\":1,}", .unexpectedByte), ("{\"a\"}", .unexpectedByte), ("{\"a\",1}", .unexpectedByte), ("{a:1}", .unexpectedByte),
            ("{1:1}", .unexpectedByte), ("{\"a\":1]", .unexpectedByte),
            ("{,}", .unexpectedByte), ("[1:2]", .unexpectedByte), ("1 1", .trailingBytes), ("[]]", .trailingBytes),
            ("{}{}", .trailingBytes), ("null\0", .trailingBytes), ("[\0]", .unexpectedByte),
            ("/* */1", .unexpectedByte), ("\u{FEFF}1", .unexpectedByte), ("\u{A0}1", .unexpectedByte),
        ] as [(String, JSONSyntaxError.Kind)])
    func invalid(text: String, kind: JSONSyntaxError.Kind) {
        #expect(syntaxError(text) == kind)
    }

    @Test("a text that is cut anywhere is not JSON")
    func prefixes() {
        let text = Array(#"{"key":[1.5e3,"grün\u00e9",true,null,{"a":{}}],"b":"x"}"#.utf8)
        #expect(syntaxError(text) == nil)
        for end in 0..<text.count { #expect(syntaxError(Array(text[..<end])) != nil, "cut at \(end)") }
    }

    @Test("a control character, a quote and a broken sequence are found at every place of a string")
    func positions() {
        for length in 0...40 {
            for place in 0...length {
                func string(_ inserted: [UInt8]) -> [UInt8] {
                    [0x22] + [UInt8](repeating: 0x61, count: place) + inserted + [UInt8](repeating: 0x62, count: length - place) + [0x22]
                }
                #expect(syntaxError(string([0x1F])) == .invalidString)
                #expect(syntaxError(string([0x22])) == .trailingBytes)
                #expect(syntaxError(string([0xFF])) == .invalidUTF8)
                #expect(syntaxError(string([0xC3, 0xBC])) == nil)
                #expect(syntaxError(string([0x5C, 0x6E])) == nil)
            }
        }
    }

    @Test(
        "strings that are not UTF-8",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0x80, 0x80],
            [0xF0, 0x9F, 0xA6], [0xF4, 0x90, 0x80, 0x80], [0xF5],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(syntaxError([0x22] + bytes + [0x22]) == .invalidUTF8)
        #expect(syntaxError([0x22] + bytes) == .invalidUTF8)
        #expect(syntaxError([0x7B, 0x22] + bytes + Array("\":1}".utf8)) == .invalidUTF8)
    }

    @Test("as many levels as the limit pass, one more does not", arguments: [0, 1, 63, 64, 65, 127, 128, 129, 1_000])
    func depth(limit: Int) {
        func nested(_ levels: Int) -> String {
            (0..<levels).map { $0 % 3 == 0 ? "{\"a\":" : "[" }.joined() + "1"
                + (0..<levels).reversed().map { $0 % 3 == 0 ? "}" : "]" }.joined()
        }
        #expect(syntaxError(nested(limit), maximumDepth: limit) == nil)
        #expect(syntaxError(nested(limit + 1), maximumDepth: limit) == .tooDeep)
        #expect(
            syntaxError(String(repeating: "[", count: limit + 1) + String(repeating: "]", count: limit + 1), maximumDepth: limit)
                == .tooDeep)
    }

    @Test("100,000 levels are refused, and overflow no stack where they are allowed")
    func veryDeep() {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(syntaxError(deep) == .tooDeep)
        #expect(syntaxError(deep, maximumDepth: 100_000) == nil)
        #expect(syntaxError(String(repeating: "{\"a\":", count: 100_000)) == .tooDeep)
        #expect(syntaxError(String(repeating: "[", count: 100_000), maximumDepth: 1_000_000) == .unexpectedEnd)
    }

    @Test("brackets must match at any depth", arguments: [1, 64, 65, 128])
    func mismatch(levels: Int) {
        let open = String(repeating: "[", count: levels)
        #expect(syntaxError(open + "1}" + String(repeating: "]", count: levels - 1)) == .unexpectedByte)
    }

    @Test("the error has its position")
    func offset() {
        #expect(throws: JSONSyntaxError.self) { try JSONSlice("[1, x]") }
        do { _ = try JSONSlice("[1, x]") } catch { #expect(error.offset == 4) }
    }
}
