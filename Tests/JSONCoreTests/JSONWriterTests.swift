import CoreTestSupport
import JSONCore
import NIOCore
import Testing

@Suite("Values that are written")
struct JSONWriterTests {
    enum Colour: String, JSONWritable { case red, green }
    enum Shade: String, Codable, JSONWritable { case light, dark }
    struct Point: Encodable, JSONWritable { var x: Int, y: Double? }

    @Test("commas stand between values, and nowhere else")
    func commas() {
        let text = written { writer in
            writer.object { writer in
                writer.field("a", 1)
                writer.key("b")
                writer.array { writer in
                    writer.int(1)
                    writer.array { _ in }
                    writer.object { _ in }
                    writer.object { $0.field("c", true) }
                    writer.null()
                }
                writer.field("d", "x")
            }
        }
        #expect(text == #"{"a":1,"b":[1,[],{},{"c":true},null],"d":"x"}"#)
    }

    @Test("strings are escaped where they must be, and only there")
    func strings() {
        #expect(written("plain") == "\"plain\"")
        #expect(written("") == "\"\"")
        #expect(written("a\"b\\c/d") == #""a\"b\\c/d""#)
        #expect(written("\u{8}\u{C}\n\r\t\u{0}\u{1}\u{F}\u{10}\u{1F}\u{7F}") == #""\b\f\n\r\t\u0000\u0001\u000f\u0010\u001f"# + "\u{7F}\"")
        #expect(written("grün 🦆 \u{2028}") == "\"grün 🦆 \u{2028}\"")
        #expect(written("substring".dropFirst(3)) == "\"string\"")
    }

    @Test("an escape is found at every place of a string")
    func places() throws {
        for length in 0...40 {
            for place in 0...length {
                for special in ["\"", "\\", "\n", "\u{1}", "ü\u{1F}🦆"] {
                    let text = String(repeating: "a", count: place) + special + String(repeating: "b", count: length - place)
                    let json = written(text)
                    #expect(try JSONSlice(json).string == text)
                }
            }
        }
    }

    @Test(
        "doubles are short and read back the same",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (1e15, "1000000000000000"), (1e21, "1e+21"),
            (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"), (.infinity, "null"), (-.infinity, "null"), (.nan, "null"), (1e-7, "1e-07"),
        ] as [(Double, String)])
    func doubles(value: Double, expected: String) throws {
        #expect(written(value) == expected)
        if value.isFinite { #expect(try JSONSlice(written(value)).double == value) }
    }

    @Test("random doubles read back the same")
    func randomDoubles() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<5_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try JSONSlice(written(value)).double == value)
        }
    }

    @Test("integers of every size")
    func integers() {
        #expect(written(Int.min) == "-9223372036854775808")
        #expect(written(UInt64.max) == "18446744073709551615")
        #expect(written(Int8.min) == "-128")
        #expect(written(0) == "0")
        #expect(written(9) == "9")
        #expect(written(10) == "10")
        #expect(written(-100) == "-100")
        #expect(written { $0.integer(Int128.max) } == "170141183460469231731687303715884105727")
        #expect(written(Float(0.1)) == "0.1")
        #expect(written(Float(3)) == "3")
    }

    @Test("optionals, arrays, dictionaries and enumerations write themselves")
    func conformances() {
        #expect(written(Int?.none) == "null")
        #expect(written(Int?.some(1)) == "1")
        #expect(written([[1], []]) == "[[1],[]]")
        #expect(written(["a": ["b": true]]) == #"{"a":{"b":true}}"#)
        #expect(written([Colour.red, .green]) == #"["red","green"]"#)
        #expect(written(Shade.dark) == "\"dark\"")
        #expect(written(JSONNull()) == "null")
        #expect(written(JSONObject { $0.field("n", 1) }) == #"{"n":1}"#)
        #expect(written(Point(x: 1, y: nil)) == #"{"x":1}"#)
        #expect(written(JSONEncoded(["a", "b"])) == #"["a","b"]"#)
    }

    @Test("a slice is passed on byte by byte")
    func raw() throws {
        let slice = try JSONSlice(#"[1,"\ud800", 1.50]"#)
        #expect(written([slice, .null]) == #"[[1,"\ud800", 1.50],null]"#)
    }

    @Test("writing appends to what the buffer holds")
    func appends() {
        var writer = JSONWriter(buffer: ByteBuffer(string: "42"))
        writer.array { $0.string("x") }
        #expect(String(buffer: writer.buffer) == "42[\"x\"]")
    }

    @Test("whatever is written is valid", arguments: 0..<20)
    func random(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        func value(_ writer: inout JSONWriter, _ depth: Int) {
            switch Int.random(in: 0..<(depth > 5 ? 5 : 7), using: &generator) {
            case 0: writer.null()
            case 1: writer.bool(Bool.random(using: &generator))
            case 2: writer.int(Int(truncatingIfNeeded: generator.next()))
            case 3: writer.double(Double(bitPattern: generator.next()))
            case 4: writer.string(text())
            case 5: writer.array { writer in for _ in 0..<Int.random(in: 0...4, using: &generator) { value(&writer, depth + 1) } }
            default:
                writer.object { writer in
                    for _ in 0..<Int.random(in: 0...4, using: &generator) {
                        writer.key(text())
                        value(&writer, depth + 1)
                    }
                }
            }
        }
        func text() -> String {
            String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                        Unicode.Scalar(UInt32.random(in: 0...0x2FF, using: &generator)) ?? "?"
                    }))
        }
        for _ in 0..<100 {
            let json = written { value(&$0, 0) }
            #expect(syntaxError(json) == nil, "\(json)")
        }
    }
}
