/// A mapping whose keys were compared with the known ones.
struct Members {
    let node: DocumentNode
    /// A name of the mapping for messages, such as "a phase".
    let what: String
    let members: [DocumentMember]

    subscript(key: String) -> DocumentNode? { members.last { $0.key == key }?.value }

    /// The value of the first of several keys that exists.
    func first(_ keys: String...) -> DocumentNode? {
        for key in keys { if let node = self[key] { return node } }
        return nil
    }

    func position(of key: String) -> SourcePosition { members.last { $0.key == key }?.position ?? node.position }
}

/// A known key that an unknown key of the mapping probably means.
struct MisspeltKey: Hashable {
    let mapping: SourcePosition
    let meant: String
}

/// Typed reading of nodes. Each method adds a diagnostic and returns nil when the node is of another kind.
extension ScriptParser {
    /// Keys that are understood but refused, with what to write instead.
    static let refused: [String: String] = {
        let code =
            "JavaScript is not run; use $-functions in templates ({{ $randomInt(1, 5) }}), expressions in ifTrue and whileTrue, "
            + "capture, and expect instead"
        return [
            "processor": code, "function": code, "beforeRequest": code, "afterResponse": code, "beforeScenario": code,
            "afterScenario": code, "testFunction": code, "flowFunction": code, "onRequest": code,
        ]
    }()

    mutating func mapping(
        _ node: DocumentNode, _ what: String, known: [String], ignored: [String: String] = [:],
        severity: Diagnostic.Severity = .error
    ) -> Members? {
        guard case .mapping(let members) = node.content else {
            diagnostics.error(at: node.position, "\(what) must be a mapping, not \(node.kind)")
            return nil
        }
        for member in members where !known.contains(member.key) {
            if let reason = ignored[member.key] {
                diagnostics.warning(at: member.position, "'\(member.key)' has no effect: \(reason)")
            } else if let alternative = Self.refused[member.key] {
                diagnostics.error(at: member.position, "'\(member.key)' in \(what): \(alternative)")
            } else {
                let hint = NearestName.hint(for: member.key, among: known)
                if let meant = NearestName.suggestion(for: member.key, among: known), severity == .error {
                    misspelt.insert(MisspeltKey(mapping: node.position, meant: meant))
                }
                diagnostics.add(Diagnostic(severity, at: member.position, "unknown key '\(member.key)' in \(what)\(hint)"))
            }
        }
        return Members(node: node, what: what, members: members)
    }

    /// Reports a mapping that has none of the keys, unless one of them was reported as misspelt.
    mutating func missing(_ keys: String..., at mapping: SourcePosition, _ message: String) {
        guard !keys.contains(where: { misspelt.contains(MisspeltKey(mapping: mapping, meant: $0)) }) else { return }
        diagnostics.error(at: mapping, message)
    }

    /// A text without variables. Environment variables in it are resolved.
    mutating func constantText(_ node: DocumentNode, _ what: String) -> String? {
        switch node.content {
        case .string(let text):
            guard text.contains("{{") else { return text }
            guard let template = self.template(node, what) else { return nil }
            guard let constant = template.constant else {
                diagnostics.error(at: node.position, "\(what) is read before there are virtual users and cannot depend on variables")
                return nil
            }
            return constant
        case .int, .double, .bool: return ScriptValue(node).text
        default:
            diagnostics.error(at: node.position, "\(what) must be a string, not \(node.kind)")
            return nil
        }
    }

    mutating func number(_ node: DocumentNode, _ what: String, in range: ClosedRange<Double> = 0...1e9) -> Double? {
        var value: Double?
        switch node.content {
        case .int(let number): value = Double(number)
        case .double(let number): value = number
        case .string: value = constantText(node, what).flatMap(Double.init)
        default: break
        }
        guard let value, value.isFinite else {
            diagnostics.error(at: node.position, "\(what) must be a number, not \(Self.show(node))")
            return nil
        }
        guard range.contains(value) else {
            let most = Expression.number(range.upperBound).text
            diagnostics.error(
                at: node.position, "\(what) must be from \(Expression.number(range.lowerBound).text) to \(most), not \(Self.show(node))")
            return nil
        }
        return value
    }

    mutating func integer(_ node: DocumentNode, _ what: String, in range: ClosedRange<Int> = 0...1_000_000_000) -> Int? {
        guard let number = self.number(node, what, in: Double(range.lowerBound)...Double(range.upperBound)) else { return nil }
        guard number == number.rounded() else {
            diagnostics.error(at: node.position, "\(what) must be a whole number, not \(Self.show(node))")
            return nil
        }
        return Int(number)
    }

    mutating func boolean(_ node: DocumentNode, _ what: String) -> Bool? {
        if case .bool(let value) = node.content { return value }
        if let text = constantText(node, what) {
            if text == "true" { return true }
            if text == "false" { return false }
            diagnostics.error(at: node.position, "\(what) must be true or false, not \(Self.show(node))")
        }
        return nil
    }

    /// A number of seconds (of milliseconds with `unitless: 1e6`), or a string with a unit.
    mutating func duration(_ node: DocumentNode, _ what: String, unitless: Double = 1e9) -> Duration? {
        if case .string = node.content {
        } else if ScriptValue(node).strictNumber == nil {
            diagnostics.error(at: node.position, "\(what) must be a time such as 30 or \"5m\", not \(node.kind)")
            return nil
        }
        guard let text = constantText(node, what) else { return nil }
        guard let duration = DurationText.parse(text, unitless: unitless) else {
            diagnostics.error(at: node.position, "\(what) must be a time such as 30, \"250ms\" or \"5m\", not \(Self.show(node))")
            return nil
        }
        return duration
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ node: DocumentNode, _ what: String) -> Choice?
    where Choice.RawValue == String {
        guard let text = constantText(node, what) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        diagnostics.error(at: node.position, "\(what) cannot be '\(text)'\(NearestName.hint(for: text, among: known))")
        return nil
    }

    mutating func list(_ node: DocumentNode, _ what: String) -> [DocumentNode]? {
        if case .sequence(let nodes) = node.content { return nodes }
        diagnostics.error(at: node.position, "\(what) must be a list, not \(node.kind)")
        return nil
    }

    /// The elements of a list. A node that is not a list counts as a list of one.
    func oneOrMore(_ node: DocumentNode) -> [DocumentNode] {
        if case .sequence(let nodes) = node.content { return nodes }
        return [node]
    }

    mutating func strings(_ node: DocumentNode, _ what: String) -> [String] {
        oneOrMore(node).compactMap { constantText($0, what) }
    }

    static func show(_ node: DocumentNode) -> String {
        switch node.content {
        case .string(let text): "'\(text.prefix(60))'"
        case .int, .double, .bool: ScriptValue(node).text
        default: node.kind
        }
    }
}

// MARK: Templates

extension ScriptParser {
    /// The template of a scalar.
    mutating func template(_ node: DocumentNode, _ what: String) -> Template? {
        switch node.content {
        case .string(let text): return template(text, at: node)
        case .int, .double, .bool: return Template(constant: ScriptValue(node).text)
        case .null: return Template(constant: "")
        default:
            diagnostics.error(at: node.position, "\(what) must be a string, not \(node.kind)")
            return nil
        }
    }

    private mutating func template(_ text: String, at node: DocumentNode) -> Template? {
        guard text.contains("{{") else { return Template(constant: text) }
        checkEnvironmentVariables(text, at: node.position)
        names.begin(at: node, isOneLine: !text.contains("\n"))
        do {
            let template = try Template.parse(text, resolve: names.resolve)
            names.finish(&diagnostics)
            return template
        } catch {
            diagnostics.error(at: names.position(of: error.offset), error.message)
            return nil
        }
    }

    /// Warns of environment variables that are not set: they would be empty texts.
    private mutating func checkEnvironmentVariables(_ text: String, at position: SourcePosition) {
        for name in EnvironmentVariables.names(in: text) where options.processEnvironment[name] == nil {
            diagnostics.warning(at: position, "the environment variable '\(name)' is not set")
        }
    }

    /// An expression without `{{ }}`. The brackets are accepted too.
    mutating func expression(_ node: DocumentNode, _ what: String) -> Expression? {
        guard case .string(let text) = node.content else {
            if case .bool(let value) = node.content { return .constant(.bool(value)) }
            diagnostics.error(at: node.position, "\(what) must be an expression such as \"count < 10\", not \(node.kind)")
            return nil
        }
        if text.contains("{{") {
            guard let template = self.template(text, at: node) else { return nil }
            if template.segments.count == 1, case .expression(let expression) = template.segments[0] { return expression }
            diagnostics.error(at: node.position, "\(what) must be one expression; write it without {{ }}")
            return nil
        }
        checkEnvironmentVariables(text, at: node.position)
        names.begin(at: node, isOneLine: !text.contains("\n"))
        do {
            let expression = try ExpressionParser.parse(text, resolve: names.resolve)
            names.finish(&diagnostics)
            return expression
        } catch {
            diagnostics.error(at: names.position(of: error.offset), "\(what): \(error.message)")
            return nil
        }
    }

    /// Any value with templates in its strings and keys.
    mutating func jsonTemplate(_ node: DocumentNode) -> JSONTemplate {
        var result = JSONTemplate()
        append(node, to: &result)
        return result
    }

    mutating func append(_ node: DocumentNode, to result: inout JSONTemplate) {
        switch node.content {
        case .sequence(let nodes):
            result.append("[")
            for (index, element) in nodes.enumerated() {
                if index > 0 { result.append(",") }
                append(element, to: &result)
            }
            result.append("]")
        case .mapping(let members):
            result.append("{")
            for (index, member) in members.enumerated() {
                if index > 0 { result.append(",") }
                let key = DocumentNode(position: member.position, content: .string(member.key))
                result.append(template(member.key, at: key) ?? Template(constant: member.key), isKey: true)
                result.append(":")
                append(member.value, to: &result)
            }
            result.append("}")
        case .string(let text): result.append(template(text, at: node) ?? Template(constant: text))
        default: result.append(ScriptValue(node).json)
        }
    }

    /// Name and value pairs, such as headers.
    mutating func pairs(_ node: DocumentNode, _ what: String) -> [(name: String, value: Template)] {
        guard case .mapping(let members) = node.content else {
            diagnostics.error(at: node.position, "\(what) must be a mapping, not \(node.kind)")
            return []
        }
        return members.flatMap { member in
            oneOrMore(member.value).compactMap { value in
                template(value, "'\(member.key)' in \(what)").map { (member.key, $0) }
            }
        }
    }
}
