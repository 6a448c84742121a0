#if DEBUG
import JSONCore
import NIOCore
import Testing

/// Work is counted in bytes that were passed over, never in time. The counter exists in debug builds only.
@Suite("Reading costs a small multiple of the text")
struct WorkTests {
    /// A text as a tree, read level by level as a rule's payload is.
    private indirect enum Tree: Decodable {
        case scalar
        case list([Tree])
        case table([String: Tree])

        init(from decoder: any Decoder) throws {
            if var list = try? decoder.unkeyedContainer() {
                var elements: [Tree] = []
                while !list.isAtEnd { elements.append(try list.decode(Tree.self)) }
                self = .list(elements)
            } else if let object = try? decoder.container(keyedBy: Key.self) {
                var members: [String: Tree] = [:]
                for key in object.allKeys { members[key.stringValue] = try object.decode(Tree.self, forKey: key) }
                self = .table(members)
            } else {
                self = .scalar
            }
        }

        init(_ slice: JSONSlice) {
            switch slice.kind {
            case .array: self = .list(slice.elements.map(Tree.init))
            case .object: self = .table(Dictionary(slice.members.map { ($0.key, Tree($0.value)) }) { _, last in last })
            default: self = .scalar
            }
        }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private static let bytes = 20_000

    private static func factor(_ text: String, _ work: (JSONSlice) throws -> Void) throws -> Double {
        let slice = try JSONSlice(text)
        let scanned = try JSONWork.bytesScanned { try work(slice) }
        #expect(scanned > 0, "nothing was counted: the test would say nothing")
        return Double(scanned) / Double(text.utf8.count)
    }

    @Test("validation passes over each byte once")
    func validation() throws {
        for (name, text) in DearTexts.all(bytes: Self.bytes) {
            let scanned = try JSONWork.bytesScanned { _ = try JSONSlice(text) }
            #expect(scanned == text.utf8.count, "\(name)")
        }
    }

    @Test("elements and members of all levels")
    func slices() throws {
        for (name, text) in DearTexts.all(bytes: Self.bytes) {
            let factor = try Self.factor(text) { _ = Tree($0) }
            #expect(factor <= 12, "\(name)")
        }
    }

    @Test("a recursive type that is decoded")
    func decoding() throws {
        for (name, text) in DearTexts.all(bytes: Self.bytes) {
            let factor = try Self.factor(text) { _ = try $0.decode(Tree.self) }
            #expect(factor <= 16, "\(name)")
        }
    }

    @Test("a look-up passes over the object once, whatever its keys")
    func lookups() throws {
        for (name, text) in DearTexts.all(bytes: Self.bytes) where text.first == "{" {
            #expect(try Self.factor(text) { _ = $0["key"] } <= 2, "\(name)")
            #expect(try Self.factor(text) { _ = $0.members(named: ["a", "k7", "missing", "_sentAt"]) } <= 2, "\(name)")
            #expect(try Self.factor(text) { _ = $0.count } <= 1.01, "\(name)")
        }
    }

    @Test("a dictionary of many members is decoded in one go, not a pass per member")
    func dictionary() throws {
        let text = "{" + (0..<2_000).map { "\"\\u006bey\($0)\":[[\($0)]]" }.joined(separator: ",") + "}"
        let factor = try Self.factor(text) { slice in
            let table = try slice.decode([String: [[Int]]].self)
            #expect(table.count == 2_000)
        }
        #expect(factor <= 12)
    }

    @Test("a number's value costs its digits")
    func numbers() throws {
        let digits = String(repeating: "9", count: 50_000)
        for text in [digits, "0." + digits, "1e" + digits, "-1e-" + digits, digits + "." + digits + "e-50000"] {
            #expect(try Self.factor(text) { _ = ($0.double, $0.int) } <= 2)
        }
    }

    @Test("too deep is found where it is too deep")
    func depth() throws {
        let slice = try JSONSlice(String(repeating: "[", count: 100) + String(repeating: "]", count: 100))
        let scanned = JSONWork.bytesScanned { _ = slice.isNested(deeperThan: 16) }
        #expect(slice.isNested(deeperThan: 16) && scanned <= 17)
        #expect(!slice.isNested(deeperThan: 100) && slice.isNested(deeperThan: 99))
    }
}
#endif
