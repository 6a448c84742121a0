import Yams

/// A node of a YAML or JSON file with its position.
struct DocumentNode: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
        case sequence([DocumentNode])
        case mapping([DocumentMember])
    }

    var position: SourcePosition
    var content: Content
    /// Columns between ``position`` and the first character of a string's text: 1 after a quotation mark, otherwise 0.
    var textOffset = 0

    /// The kind of value in words, for messages.
    var kind: String {
        switch content {
        case .null: "nothing"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    subscript(key: String) -> DocumentNode? {
        guard case .mapping(let members) = content else { return nil }
        return members.last { $0.key == key }?.value
    }
}

struct DocumentMember: Sendable, Hashable {
    var key: String
    var position: SourcePosition
    var value: DocumentNode
}

/// Reads YAML 1.2 and its subset JSON.
enum DocumentReader {
    static let maximumBytes = 16 << 20
    static let maximumDepth = 64
    /// The maximum number of values after aliases are expanded. A few aliases of aliases can multiply a document.
    static let maximumNodes = 500_000

    static func read(_ text: String, file: String) throws(Diagnostic) -> DocumentNode {
        let start = SourcePosition(file: file, line: 1, column: 1)
        guard text.utf8.count <= Self.maximumBytes else {
            throw Diagnostic(.error, at: start, "the file is larger than \(Self.maximumBytes) bytes")
        }
        if let deep = Self.tooDeepFlow(text) {
            throw Diagnostic(
                .error, at: SourcePosition(file: file, line: deep.line, column: deep.column),
                "more than \(Self.maximumDepth) levels of nesting")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Self.diagnostic(error, of: text, start: start)
        } catch {
            throw Diagnostic(.error, at: start, "not YAML: \(error)")
        }
        guard let root else { throw Diagnostic(.error, at: start, "the file is empty") }
        var conversion = Conversion(file: file)
        return try conversion.node(root, depth: 0, fallback: start)
    }

    /// A long row of brackets would exhaust the YAML parser's stack, so the depth is counted first.
    private static func tooDeepFlow(_ text: String) -> (line: Int, column: Int)? {
        var depth = 0
        var line = 1
        var column = 0
        for byte in text.utf8 {
            column += 1
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                if depth > Self.maximumDepth * 4 { return (line, column) }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(depth - 1, 0)
            case UInt8(ascii: "\n"): (line, column) = (line + 1, 0)
            default: break
            }
        }
        return nil
    }

    private static func diagnostic(_ error: YamlError, of text: String, start: SourcePosition) -> Diagnostic {
        func at(_ mark: Mark) -> SourcePosition { SourcePosition(file: start.file, line: mark.line, column: mark.column) }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { " (\($0.text.trimmingPrefix(while: \.isWhitespace)) of line \($0.mark.line))" } ?? ""
            return Diagnostic(.error, at: at(mark), "not valid YAML: \(problem)\(place)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            let position = Self.repetition(of: duplicates.first ?? "", from: at(context.mark), in: text)
            return Diagnostic(.error, at: position, "the key \(names) is repeated")
        case .reader(let problem, _, _, _): return Diagnostic(.error, at: start, "not valid YAML: \(problem)")
        default: return Diagnostic(.error, at: start, "not valid YAML: \(error)")
        }
    }

    /// Yams reports the beginning of the mapping. The user needs the second line from there that has the key.
    private static func repetition(of key: String, from start: SourcePosition, in text: String) -> SourcePosition {
        var occurrences = 0
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where index + 1 >= start.line {
            let content = line.drop { $0 == " " || $0 == "-" }
            let quoted = content.hasPrefix("\"") || content.hasPrefix("'") ? content.dropFirst() : content
            guard quoted.hasPrefix(key), let next = quoted.dropFirst(key.count).first, ":\"'".contains(next) else { continue }
            occurrences += 1
            guard occurrences == 2 else { continue }
            return SourcePosition(file: start.file, line: index + 1, column: line.count - content.count + 1)
        }
        return start
    }

    private struct Conversion {
        let file: String
        var count = 0

        mutating func node(_ node: Node, depth: Int, fallback: SourcePosition) throws(Diagnostic) -> DocumentNode {
            let position = node.mark.map { SourcePosition(file: file, line: $0.line, column: $0.column) } ?? fallback
            count += 1
            guard count <= DocumentReader.maximumNodes else {
                throw Diagnostic(.error, at: position, "more than \(DocumentReader.maximumNodes) values, aliases expanded")
            }
            guard depth <= DocumentReader.maximumDepth else {
                throw Diagnostic(.error, at: position, "more than \(DocumentReader.maximumDepth) levels of nesting")
            }
            switch node {
            case .scalar(let scalar):
                let content = scalar.style == .plain || scalar.style == .any ? Self.plain(scalar.string) : .string(scalar.string)
                let isQuoted = scalar.style == .doubleQuoted || scalar.style == .singleQuoted
                return DocumentNode(position: position, content: content, textOffset: isQuoted ? 1 : 0)
            case .sequence(let sequence):
                var elements: [DocumentNode] = []
                for element in sequence { elements.append(try self.node(element, depth: depth + 1, fallback: position)) }
                return DocumentNode(position: position, content: .sequence(elements))
            case .mapping(let mapping):
                return DocumentNode(position: position, content: .mapping(try members(mapping, depth: depth, fallback: position)))
            default:
                throw Diagnostic(.error, at: position, "an alias to an anchor that does not exist")
            }
        }

        private mutating func members(_ mapping: Node.Mapping, depth: Int, fallback: SourcePosition) throws(Diagnostic) -> [DocumentMember]
        {
            var members: [DocumentMember] = []
            var merged: [DocumentMember] = []
            for (key, value) in mapping {
                let position = key.mark.map { SourcePosition(file: file, line: $0.line, column: $0.column) } ?? fallback
                guard case .scalar(let scalar) = key else { throw Diagnostic(.error, at: position, "a key must be a string") }
                let node = try self.node(value, depth: depth + 1, fallback: position)
                if scalar.string == "<<", scalar.style == .plain {
                    merged += Self.merged(node)
                } else {
                    members.append(DocumentMember(key: scalar.string, position: position, value: node))
                }
            }
            let own = Set(members.map(\.key))
            return merged.filter { !own.contains($0.key) } + members
        }

        /// The members that a merge key (`<<`) brings: of one mapping, or of several, the first of which wins.
        private static func merged(_ node: DocumentNode) -> [DocumentMember] {
            switch node.content {
            case .mapping(let members): return members
            case .sequence(let nodes):
                var seen: Set<String> = []
                return nodes.flatMap(Self.merged).filter { seen.insert($0.key).inserted }
            default: return []
            }
        }

        /// The core schema of YAML 1.2: `yes` and `on` are strings.
        private static func plain(_ text: String) -> DocumentNode.Content {
            switch text {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            case ".inf", ".Inf", ".INF", "+.inf": return .double(.infinity)
            case "-.inf": return .double(-.infinity)
            default: break
            }
            guard let first = text.utf8.first, (0x30...0x39).contains(first) || first == 0x2D || first == 0x2B || first == 0x2E else {
                return .string(text)
            }
            if text.hasPrefix("0x"), let value = Int(text.dropFirst(2), radix: 16) { return .int(value) }
            if text.hasPrefix("0o"), let value = Int(text.dropFirst(2), radix: 8) { return .int(value) }
            if let value = Int(text) { return .int(value) }
            let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }
            if isNumber, let value = Double(text) { return .double(value) }
            return .string(text)
        }
    }
}
