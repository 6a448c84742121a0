import NIOCore
import JSONCore
import Testing

@Suite("Codable values")
struct CodableTests {
    enum Level: Int, Codable { case low = 1, high = 2 }
    enum Shape: Codable, Equatable { case circle(radius: Double), square(Int), empty }
    struct Inner: Codable, Equatable { var text: String, flag: Bool? }
    struct Everything: Codable, Equatable {
        var int = -5, small: Int8 = -8, wide: Int64 = .min, unsigned = UInt64.max, byte: UInt8 = 255
        var double = 0.25, float: Float = 0.1, yes = true, text = "grün \"🦆\"\n"
        var nothing: String?, something: String? = "x"
        var list = [1, 2, 3], lists = [[1], []], inner = Inner(text: "in", flag: nil), inners = [Inner(text: "", flag: true)]
        var map = ["k": 1], numbered = [7: "seven"], level = Level.high, shapes = [Shape.circle(radius: 1.5), .square(2), .empty]
        var optionals: [Int?] = [1, nil, 3]
    }
    final class Tree: Codable {
        var children: [Tree]
        init(_ children: [Tree]) { self.children = children }
    }
    class Animal: Codable {
        var name = "duck"
        init() {}
    }
    final class Dunlin: Animal {
        var bill = 4
        private enum Keys: CodingKey { case bill }
        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            bill = try container.decode(Int.self, forKey: .bill)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(bill, forKey: .bill)
            try super.encode(to: container.superEncoder())
        }
    }
    struct Holder: Codable, Equatable { var raw: JSONSlice, maybe: JSONSlice? }

    private func json(_ value: some Encodable) throws -> String {
        var writer = JSONWriter()
        try writer.encode(value)
        return String(buffer: writer.buffer)
    }

    @Test("a value of everything comes back the same")
    func roundTrip() throws {
        let json = try json(Everything())
        #expect(try JSONSlice(json).decode(Everything.self) == Everything())
    }

    @Test("values are written as JSON has them")
    func written() throws {
        #expect(try json(Inner(text: "a", flag: nil)) == #"{"text":"a"}"#)
        #expect(try json([Level.low, .high]) == "[1,2]")
        #expect(try json(["a", nil]) == #"["a",null]"#)
        #expect(try json("x") == "\"x\"")
        #expect(try json(Float(0.1)) == "0.1")
        #expect(try json(Double.nan) == "null")
        #expect(try json([String: Int]()) == "{}")
        #expect(try json([Int]()) == "[]")
        #expect(try json(Shape.empty) == #"{"empty":{}}"#)
    }

    @Test("subclasses encode their superclass under super")
    func inheritance() throws {
        let json = try json(Dunlin())
        #expect(json == #"{"bill":4,"super":{"name":"duck"}}"#)
        #expect(try JSONSlice(json).decode(Dunlin.self).name == "duck")
    }

    @Test("a recursive type is as deep as its text")
    func recursive() throws {
        let text = String(repeating: #"{"children":["#, count: 60) + String(repeating: "]}", count: 60)
        #expect(try json(JSONSlice(text).decode(Tree.self)) == text)
    }

    @Test("a slice within a value is taken and given unparsed")
    func slices() throws {
        let text = #"{"raw":[1, 2.50,{"x":"\ud800"}],"maybe":null}"#
        let holder = try JSONSlice(text).decode(Holder.self)
        #expect(holder.raw.description == #"[1, 2.50,{"x":"\ud800"}]"#)
        #expect(holder.maybe == nil)
        #expect(try json(holder) == #"{"raw":[1, 2.50,{"x":"\ud800"}]}"#)
        #expect(try JSONSlice("5").decode(JSONSlice.self).int == 5)
    }

    @Test("the last of two members of one name counts, in small objects and in large ones", arguments: [1, 15, 16, 17, 40])
    func repeated(others: Int) throws {
        let filler = (0..<others).map { #""k\#($0)":0,"# }.joined()
        let slice = try JSONSlice(#"{"text":"first",\#(filler)"te\u0078t":"last","flag":true}"#)
        #expect(try slice.decode(Inner.self) == Inner(text: "last", flag: true))
    }

    @Test("large objects and arrays take time in proportion")
    func large() throws {
        let members = (0..<50_000).map { #""key\#($0)":\#($0)"# }.joined(separator: ",")
        #expect(try JSONSlice("{\(members)}").decode([String: Int].self).count == 50_000)
        let elements = (0..<100_000).map(String.init).joined(separator: ",")
        #expect(try JSONSlice("[\(elements)]").decode([Int].self).last == 99_999)
    }

    @Test("numbers that are integers in another spelling are integers")
    func spelling() throws {
        #expect(try JSONSlice("[1.0,2e1]").decode([Int].self) == [1, 20])
    }

    private func failure(_ text: String, _ type: any Decodable.Type) -> String {
        do {
            _ = try JSONSlice(text).decode(type)
            return "decoded"
        } catch DecodingError.typeMismatch(_, let context) {
            return "mismatch at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        } catch DecodingError.valueNotFound(_, let context) {
            return "null at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        } catch DecodingError.keyNotFound(let key, let context) {
            return "no \(key.stringValue) at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        } catch DecodingError.dataCorrupted(let context) {
            return "corrupted at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        } catch {
            return "\(error)"
        }
    }

    @Test("a value that does not fit is refused with its position")
    func refused() {
        #expect(failure(#"{"text":1}"#, Inner.self) == "mismatch at text")
        #expect(failure(#"{"text":null}"#, Inner.self) == "null at text")
        #expect(failure(#"{"flag":true}"#, Inner.self) == "no text at ")
        #expect(failure(#"{"text":"a","flag":"b"}"#, Inner.self) == "mismatch at flag")
        #expect(failure("[]", Inner.self) == "mismatch at ")
        #expect(failure("{}", [Int].self) == "mismatch at ")
        #expect(failure("[1,[2,\"3\"]]", [Int].self) == "mismatch at Index 1")
        #expect(failure("[[1],[2,\"3\"]]", [[Int]].self) == "mismatch at Index 1.Index 1")
        #expect(failure("300", UInt8.self) == "corrupted at ")
        #expect(failure("1.5", Int.self) == "corrupted at ")
        #expect(failure("1e999", Double.self) == "corrupted at ")
        #expect(failure("1e300", Float.self) == "corrupted at ")
        #expect(failure("\"1\"", Int.self) == "mismatch at ")
        #expect(failure("1", Bool.self) == "mismatch at ")
        #expect(failure("null", String.self) == "null at ")
        #expect(failure("3", Level.self) == "corrupted at ")
    }

    struct Picky: Encodable {
        func encode(to encoder: any Encoder) throws {
            throw EncodingError.invalidValue(self, .init(codingPath: encoder.codingPath, debugDescription: "no"))
        }
    }

    @Test("a value that fails to encode leaves nothing, or null if no error can be thrown")
    func picky() {
        var writer = JSONWriter()
        #expect(throws: EncodingError.self) { try writer.encode([Picky()]) }
        #expect(writer.buffer.readableBytes == 0)
        writer.value(JSONEncoded(Picky()))
        #expect(String(buffer: writer.buffer) == "null")
    }
}
