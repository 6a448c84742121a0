/// Resolves the names in templates while a script is read. It is a class because the expression parser calls it back; it lives only during
/// the reading, on one thread.
final class NameResolver {
    var table = VariableTable()
    /// Names whose value is known when the script is read.
    var constants: [String: ScriptValue]
    /// The number of loops around the current node.
    var loopDepth = 0
    /// True if a payload's file names its columns. The file is not read here, so unknown names may be columns.
    var hasUnknownColumns = false

    private var node = DocumentNode(position: SourcePosition(file: "", line: 1, column: 1), content: .null)
    private var isOneLine = true
    private var problems: [(offset: Int, message: String)] = []

    /// Names that each virtual user has from the start.
    static let builtIn = ["$uuid", "$testId", "$dirname", "$scenarioFile", "$environment", "$env", "$processEnvironment", "target"]
    static let loopNames = ["$loopCount", "$loopElement"]

    init(constants: [String: ScriptValue]) { self.constants = constants }

    func begin(at node: DocumentNode, isOneLine: Bool) {
        self.node = node
        self.isOneLine = isOneLine
        problems = []
    }

    func finish(_ diagnostics: inout Diagnostics) {
        for problem in problems { diagnostics.error(at: position(of: problem.offset), problem.message) }
    }

    func position(of offset: Int) -> SourcePosition {
        isOneLine ? node.position.advanced(by: node.textOffset + offset) : node.position
    }

    func resolve(_ name: String, _ offset: Int) -> Expression {
        if let constant = constants[name] { return .constant(constant) }
        if Self.loopNames.contains(name) {
            if loopDepth == 0 { problems.append((offset, "'\(name)' has a value only within a loop")) }
            return .variable(slot: table.define(name))
        }
        if name.hasPrefix("$"), !Self.builtIn.contains(name), !table.definitions.contains(name) {
            if let function = TemplateFunction(rawValue: name) {
                problems.append((offset, "\(function.rawValue) is a function; call it with brackets: \(function.rawValue)(…)"))
            } else {
                let known = Self.builtIn + Self.loopNames + TemplateFunction.allCases.map(\.rawValue)
                problems.append((offset, "unknown name '\(name)'\(NearestName.hint(for: name, among: known))"))
            }
            return .constant(.null)
        }
        return .variable(slot: table.refer(to: name, at: position(of: offset)))
    }

    /// Reports every name that nothing sets.
    func checkReferences(_ diagnostics: inout Diagnostics) {
        guard !hasUnknownColumns else { return }
        let known = table.definitions.union(Self.builtIn)
        for reference in table.references where !known.contains(reference.name) {
            let names = known.filter { !$0.hasPrefix("$") && $0 != "target" }.sorted()
            let hint = NearestName.hint(for: reference.name, among: names)
            diagnostics.error(
                at: reference.position,
                "unknown variable '\(reference.name)'\(hint.isEmpty ? "; set it in config.variables, a payload or a capture" : hint)")
        }
    }
}
