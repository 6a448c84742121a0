import CoreTestSupport
import Foundation
import JSONCore
import NIOCore
import Testing

/// A second opinion. Where RFC 8259 leaves a choice the rules of ``JSONSlice`` hold, and such texts are made by other tests.
@Suite("Foundation agrees about random documents")
struct FoundationComparisonTests {
    @Test("valid documents say the same", arguments: 0..<8)
    func valid(part: UInt64) throws {
        for seed in part * 250..<(part + 1) * 250 {
            var generator = DocumentGenerator(seed: seed)
            let text = generator.document()
            let ours = try JSONSlice(text)
            let theirs = try JSONDecoder().decode(Reference.self, from: Data(text.utf8))
            #expect(Self.same(ours, theirs), "seed \(seed): \(text)")
            // Written again, it is still the same.
            let again = JSONWriter.text { Self.write(ours, to: &$0) }
            let reread = try JSONDecoder().decode(Reference.self, from: Data(again.utf8))
            #expect(Self.same(ours, reread), "seed \(seed), written again: \(again)")
        }
    }

    @Test("a byte changed, dropped or doubled is seen by both or by neither", arguments: 0..<8)
    func broken(part: UInt64) {
        for seed in part * 500..<(part + 1) * 500 {
            var generator = DocumentGenerator(seed: seed)
            var bytes = Array(generator.document().utf8)
            let place = Int.random(in: bytes.indices, using: &generator.random)
            switch Int.random(in: 0..<3, using: &generator.random) {
            case 0: bytes[place] = Array(#"[]{}",:\0123456789.eE+-truefalsn u/"#.utf8).randomElement(using: &generator.random) ?? 0
            case 1: bytes.remove(at: place)
            default: bytes.insert(bytes[place], at: place)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard !Self.isMatterOfChoice(text) else { continue }
            let theirs = (try? JSONDecoder().decode(Reference.self, from: Data(bytes))) != nil
            #expect((syntaxError(bytes, maximumDepth: 512) == nil) == theirs, "seed \(seed): \(text)")
        }
    }

    /// Half a surrogate pair is refused by Foundation, and so is a number that no `Double` holds, and a zero with an exponent, which it takes for
    /// one that is too small.
    private static func isMatterOfChoice(_ text: String) -> Bool {
        text.range(of: #"\\u[dD][89abAB]"#, options: .regularExpression) != nil
            || text.range(of: #"\\u[dD][c-fC-F]"#, options: .regularExpression) != nil
            || text.range(of: #"[eE][-+]?[0-9]{3,}|[0-9]{300,}"#, options: .regularExpression) != nil
            || text.range(of: #"(^|[^0-9.])0(\.0+)?[eE]"#, options: .regularExpression) != nil
    }

    /// A document as Foundation's decoder reads it. Its `JSONSerialization` rounds numbers twice.
    private indirect enum Reference: Decodable {
        case null, bool(Bool), number(Double), string(String), array([Reference]), object([String: Reference])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let bool = try? container.decode(Bool.self) {
                self = .bool(bool)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let string = try? container.decode(String.self) {
                self = .string(string)
            } else if let array = try? container.decode([Reference].self) {
                self = .array(array)
            } else {
                self = .object(try container.decode([String: Reference].self))
            }
        }
    }

    private static func same(_ ours: JSONSlice, _ theirs: Reference) -> Bool {
        switch theirs {
        case .null: ours.isNull
        case .bool(let bool): ours.bool == bool
        case .number(let number): ours.kind == .number && ours.double == number
        case .string(let string): ours.string.map { Array($0.utf8) == Array(string.utf8) } ?? false
        case .array(let list): ours.kind == .array && list.count == ours.count && zip(ours.elements, list).allSatisfy { same($0, $1) }
        case .object(let table):
            ours.kind == .object && table.count == ours.count
                && ours.members.allSatisfy { member in table[member.key].map { same(member.value, $0) } ?? false }
        }
    }

    private static func write(_ value: JSONSlice, to writer: inout JSONWriter) {
        switch value.kind {
        case .null: writer.null()
        case .bool: writer.bool(value.bool ?? false)
        case .number: writer.double(value.double ?? 0)
        case .string: writer.string(value.string ?? "")
        case .array: writer.array { for element in value.elements { write(element, to: &$0) } }
        case .object:
            writer.object {
                for (key, value) in value.members {
                    $0.key(key)
                    write(value, to: &$0)
                }
            }
        }
    }
}

/// Valid JSON documents, the same for the same seed; no key is repeated within an object.
struct DocumentGenerator {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func document() -> String { blank() + value(depth: 0) + blank() }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth < 6 ? 9 : 6), using: &random) {
        case 0: return "null"
        case 1: return Bool.random(using: &random) ? "true" : "false"
        case 2, 3: return number()
        case 4, 5: return string()
        case 6: return "[" + blank() + "]"
        case 7:
            let count = Int.random(in: 1...6, using: &random)
            return "[" + (0..<count).map { _ in blank() + value(depth: depth + 1) + blank() }.joined(separator: ",") + "]"
        default:
            let count = Int.random(in: 0...6, using: &random)
            return "{"
                + (0..<count).map { index in
                    let key = string().dropLast() + "\(index)\""
                    return blank() + key + blank() + ":" + blank() + value(depth: depth + 1) + blank()
                }.joined(separator: ",") + (count == 0 ? blank() : "") + "}"
        }
    }

    private mutating func number() -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            (0..<Int.random(in: range, using: &random)).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
        }
        var text = Bool.random(using: &random) ? "-" : ""
        text += Bool.random(using: &random) ? "0" : String(Int.random(in: 1...9, using: &random)) + digits(0...18)
        if Bool.random(using: &random) { text += "." + digits(1...20) }
        if text.contains(where: { ("1"..."9").contains($0) }), Int.random(in: 0..<3, using: &random) == 0 {
            text += ["e", "E", "e+", "e-", "E-"].randomElement(using: &random) ?? "e"
            text += digits(1...2)
        }
        return text
    }

    private mutating func string() -> String {
        let parts = [
            "a", "xyz", "grün", "日本", "🦆", "e\u{301}", "\\n", "\\\"", "\\\\", "\\/", "\\b\\f\\r\\t", "\\u0000", "\\u00e9", "\\uD83E\\uDD86",
            "\\u65e5", "[{,:}]", " ", "\u{7F}", "\u{2028}", "quite a long stretch without anything special in it",
        ]
        let count = Int.random(in: 0...5, using: &random)
        return "\"" + (0..<count).map { _ in parts.randomElement(using: &random) ?? "" }.joined() + "\""
    }

    private mutating func blank() -> String {
        ["", "", "", " ", "\n", "\t\r\n  "].randomElement(using: &random) ?? ""
    }
}
