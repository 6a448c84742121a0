/// A path into a JSON value: the part of RFC 9535 that load scripts use (names, indexes, wildcards, descendants), and the form `$.0.name`,
/// which Artillery's scripts use for an index.
public struct JSONPath: Sendable, Hashable, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        /// A member of an object, or an element of an array if the name is a number.
        case name(String)
        /// An element; negative counts from the end.
        case index(Int)
        case wildcard
        /// This value and everything below it.
        case descendants
    }

    struct SyntaxError: Error, Hashable {
        var offset: Int
        var message: String
    }

    /// The maximum number of values that one path finds. Further ones are ignored.
    static let maximumMatches = 10_000

    let steps: [Step]
    public let description: String

    init(_ text: String) throws(SyntaxError) {
        description = text
        var steps: [Step] = []
        let characters = Array(text)
        var index = 0
        if characters.first == "$" || characters.first == "@" { index = 1 }

        func name() throws(SyntaxError) -> String {
            let start = index
            while index < characters.count, characters[index] != ".", characters[index] != "[" { index += 1 }
            guard index > start else { throw SyntaxError(offset: start, message: "a name is missing in the JSON path") }
            return String(characters[start..<index])
        }

        if index == 0, !characters.isEmpty, characters[0] != "[", characters[0] != "." { steps.append(.name(try name())) }
        while index < characters.count {
            if characters[index] == "." {
                index += 1
                if index < characters.count, characters[index] == "." {
                    index += 1
                    steps.append(.descendants)
                    if index < characters.count, characters[index] == "[" { continue }
                }
                let part = try name()
                steps.append(part == "*" ? .wildcard : .name(part))
            } else if characters[index] == "[" {
                steps.append(try Self.bracket(characters, &index))
            } else {
                throw SyntaxError(offset: index, message: "unexpected '\(characters[index])' in the JSON path")
            }
        }
        self.steps = steps
    }

    private static func bracket(_ characters: [Character], _ index: inout Int) throws(SyntaxError) -> Step {
        let start = index
        index += 1
        if index < characters.count, characters[index] == "'" || characters[index] == "\"" {
            let mark = characters[index]
            guard let end = characters[(index + 1)...].firstIndex(of: mark), end + 1 < characters.count, characters[end + 1] == "]" else {
                throw SyntaxError(offset: start, message: "a bracket of the JSON path is never closed")
            }
            defer { index = end + 2 }
            return .name(String(characters[(index + 1)..<end]))
        }
        guard let end = characters[index...].firstIndex(of: "]") else {
            throw SyntaxError(offset: start, message: "a bracket of the JSON path is never closed")
        }
        let inner = String(characters[index..<end])
        index = end + 1
        if inner == "*" { return .wildcard }
        if let number = Int(inner) { return .index(number) }
        throw SyntaxError(
            offset: start, message: "'[\(inner)]' is not supported in a JSON path; supported are names, indexes, '*' and '..'")
    }

    /// All values that the path finds.
    func matches(in root: ScriptValue) -> [ScriptValue] {
        var current = [root]
        for step in steps {
            var next: [ScriptValue] = []
            for value in current {
                guard next.count < Self.maximumMatches else { break }
                switch step {
                case .name(let name): if let found = Self.child(name, of: value) { next.append(found) }
                case .index(let index): if let found = Self.element(index, of: value) { next.append(found) }
                case .wildcard: next += Self.children(of: value)
                case .descendants: Self.collect(value, into: &next)
                }
            }
            current = next.count > Self.maximumMatches ? Array(next.prefix(Self.maximumMatches)) : next
        }
        return current
    }

    /// The first value that the path finds.
    func first(in root: ScriptValue) -> ScriptValue? { self.matches(in: root).first }

    private static func child(_ name: String, of value: ScriptValue) -> ScriptValue? {
        switch value {
        case .object: return value[name]
        case .array(let elements): return name == "length" ? .int(elements.count) : Int(name).flatMap { Self.element($0, of: value) }
        default: return nil
        }
    }

    private static func element(_ index: Int, of value: ScriptValue) -> ScriptValue? {
        guard case .array(let elements) = value else { return value[String(index)] }
        let position = index < 0 ? elements.count + index : index
        return elements.indices.contains(position) ? elements[position] : nil
    }

    private static func children(of value: ScriptValue) -> [ScriptValue] {
        switch value {
        case .array(let elements): elements
        case .object(let members): members.map(\.value)
        default: []
        }
    }

    private static func collect(_ value: ScriptValue, into found: inout [ScriptValue]) {
        guard found.count < Self.maximumMatches else { return }
        found.append(value)
        for child in Self.children(of: value) { Self.collect(child, into: &found) }
    }

    /// Whether the path begins with a member's name. Such a path cannot mean a list of arguments, only the first of them.
    var beginsWithMember: Bool {
        guard case .name(let name)? = steps.first else { return false }
        return Int(name) == nil && name != "length"
    }
}
