import JSONCore
import NIOCore

/// A text: validated, walked in every way that there is, decoded, written again.
enum JSONTarget {
    static func run(_ bytes: [UInt8]) {
        let text = ByteBuffer(bytes: bytes)
        var parsed: JSONSlice?
        bounded(by: 2 * bytes.count + 8, "validating") { parsed = try? JSONSlice(validating: text, maximumDepth: 64) }
        guard let slice = parsed else { return }
        check(String(validating: bytes, as: UTF8.self) != nil, "valid JSON is UTF-8")
        check((try? JSONSlice(validating: slice.bytes, maximumDepth: 64)) == slice, "a slice has no blanks around it")
        check(!slice.isNested(deeperThan: 64), "the depth is within its limit")
        if bytes.count > 1, slice.bytes.readableBytes > 1 {
            let cut = slice.bytes.getSlice(at: slice.bytes.readerIndex, length: slice.bytes.readableBytes - 1) ?? ByteBuffer()
            check(slice.kind == .number || (try? JSONSlice(validating: cut, maximumDepth: 64)) == nil, "a text that is cut is not JSON")
        }
        var (byParts, byPlace, decoded): (Tree?, Tree?, Tree?)
        let bound = 48 * bytes.count + 256
        bounded(by: bound, "elements and members of all levels") { byParts = Tree(parts: slice) }
        byPlace = bytes.count < 2_000 ? Tree(lookups: slice) : byParts
        bounded(by: bound, "decoding a recursive type") { decoded = try? slice.decode(Tree.self) }
        check(byParts == byPlace, "look-ups see the same as a walk")
        check(byParts == decoded, "a decoder sees the same as a walk")
        // Written again, it says the same.
        guard let byParts else { return }
        let written = JSONWriter.text { byParts.write(to: &$0) }
        guard let again = try? JSONSlice(written) else { return check(false, "what is written is JSON: \(written)") }
        check(Tree(parts: again) == byParts, "what is written is read the same: \(written)")
    }

    /// A text with the numbers as doubles and the last of repeated members.
    indirect enum Tree: Equatable, Decodable {
        case null, bool(Bool), number(Double), infinite, string([UInt8]), list([Tree]), table([[UInt8]: Tree])

        init(scalar slice: JSONSlice) {
            switch slice.kind {
            case .bool: self = .bool(slice.bool ?? false)
            case .number: self = slice.double.map { .number($0) } ?? .infinite
            case .string: self = .string(Array((slice.string ?? "").utf8))
            default: self = .null
            }
            if case .number(let double) = self, let int = slice.int, abs(double) < 9e15 {
                check(Double(int) == double, "a number is the same as an integer and as a double")
            }
        }

        init(parts slice: JSONSlice) {
            switch slice.kind {
            case .array: self = .list(slice.elements.map(Tree.init(parts:)))
            case .object:
                self = .table(Dictionary(slice.members.map { (Array($0.key.utf8), Tree(parts: $0.value)) }) { _, last in last })
            default: self.init(scalar: slice)
            }
        }

        init(lookups slice: JSONSlice) {
            switch slice.kind {
            case .array: self = .list((0..<slice.count).map { index in slice[index].map(Tree.init(lookups:)) ?? .infinite })
            case .object:
                let keys = Set(slice.members.map { Array($0.key.utf8) })
                let named = slice.members(named: keys.map { String(decoding: $0, as: UTF8.self) })
                check(named.count == keys.count, "members that are named are found")
                for (key, value) in named { check(slice[key] == value, "both look-ups find the same") }
                self = .table(
                    Dictionary(
                        uniqueKeysWithValues: keys.map { key in
                            (key, slice[String(decoding: key, as: UTF8.self)].map(Tree.init(lookups:)) ?? .infinite)
                        }))
            default: self.init(scalar: slice)
            }
        }

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let slice = try decoder.singleValueContainer().decode(JSONSlice.self)
            switch slice.kind {
            case .array:
                var list = try decoder.unkeyedContainer()
                var elements: [Tree] = []
                while !list.isAtEnd { elements.append(try list.decode(Tree.self)) }
                check(elements.count == list.count, "all elements come")
                self = .list(elements)
            case .object:
                let object = try decoder.container(keyedBy: Key.self)
                var members: [[UInt8]: Tree] = [:]
                for key in object.allKeys { members[Array(key.stringValue.utf8)] = try object.decode(Tree.self, forKey: key) }
                self = .table(members)
            default: self.init(scalar: slice)
            }
        }

        func write(to writer: inout JSONWriter) {
            switch self {
            case .null: writer.null()
            case .bool(let bool): writer.bool(bool)
            case .number(let number): writer.double(number)
            case .infinite: writer.raw((try? JSONSlice("1e999")) ?? .null)
            case .string(let bytes): writer.string(String(decoding: bytes, as: UTF8.self))
            case .list(let elements): writer.array { for element in elements { element.write(to: &$0) } }
            case .table(let members):
                writer.object { writer in
                    for (key, value) in members {
                        writer.key(String(decoding: key, as: UTF8.self))
                        value.write(to: &writer)
                    }
                }
            }
        }
    }
}

/// Runs `work` and checks that it passed over so many bytes at most.
func bounded(by maximum: Int, _ what: String, _ work: () -> Void) {
    let scanned = JSONWork.bytesScanned(work)
    check(scanned <= maximum, "\(what) passes over \(maximum) bytes at most, and not \(scanned)")
}
