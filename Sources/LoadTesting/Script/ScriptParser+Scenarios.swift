extension ScriptParser {
    private static let engines: [String: ScriptEngine] = ["socketio": .socketIO, "socketio-v3": .socketIO, "ws": .webSocket, "http": .http]
    static let maximumLoopDepth = 16

    mutating func scenarios(_ node: DocumentNode) -> [Scenario] {
        guard let nodes = list(node, "scenarios") else { return [] }
        if nodes.isEmpty { diagnostics.error(at: node.position, "'scenarios' is empty") }
        var scenarios: [Scenario] = []
        for (index, node) in nodes.enumerated() {
            guard let scenario = self.scenario(node, number: index + 1) else { continue }
            if scenarios.contains(where: { $0.name == scenario.name }) {
                diagnostics.warning(at: scenario.position, "the scenario's name '\(scenario.name)' is used twice; reports add them up")
            }
            scenarios.append(scenario)
        }
        if !scenarios.isEmpty, scenarios.allSatisfy({ $0.weight == 0 }) {
            diagnostics.error(at: node.position, "all scenarios have the weight 0")
        }
        return scenarios
    }

    private mutating func scenario(_ node: DocumentNode, number: Int) -> Scenario? {
        guard let members = mapping(node, "a scenario", known: ["name", "weight", "engine", "flow"]) else { return nil }
        let engine = self.engine(members)
        let name = members["name"].flatMap { constantText($0, "a scenario's name") } ?? "scenario \(number)"
        let weight = members["weight"].map { self.weight($0) ?? 1 } ?? 1
        guard let flow = members["flow"] else {
            missing("flow", at: node.position, "the scenario '\(name)' has no 'flow'")
            return nil
        }
        guard let steps = self.steps(flow, engine: engine, what: "a flow") else { return nil }
        if case .sequence([]) = flow.content { diagnostics.warning(at: flow.position, "the flow of '\(name)' has no steps") }
        return Scenario(name: name, weight: weight, engine: engine, steps: steps, position: node.position)
    }

    /// A number; a share such as "60%" is one too.
    private mutating func weight(_ node: DocumentNode) -> Double? {
        if case .string(let text) = node.content, text.hasSuffix("%"), let value = Double(text.dropLast()), value >= 0 { return value }
        return number(node, "a scenario's weight", in: 0...1e6)
    }

    private mutating func engine(_ members: Members) -> ScriptEngine {
        guard let node = members["engine"] else { return .http }
        guard let text = constantText(node, "a scenario's engine") else { return .socketIO }
        if let engine = Self.engines[text] { return engine }
        diagnostics.error(
            at: node.position, "unknown engine '\(text)'\(NearestName.hint(for: text, among: Self.engines.keys.sorted()))")
        return .socketIO
    }

    /// `before` and `after`.
    mutating func hook(_ node: DocumentNode, _ name: String) -> Scenario? {
        if node.content == .null { return nil }
        guard let members = mapping(node, "'\(name)'", known: ["engine", "flow", "name"]) else { return nil }
        let engine = self.engine(members)
        guard let flow = members["flow"] else {
            missing("flow", at: node.position, "'\(name)' has no 'flow'")
            return nil
        }
        guard let steps = self.steps(flow, engine: engine, what: "a flow") else { return nil }
        return Scenario(name: name, weight: 1, engine: engine, steps: steps, position: node.position)
    }

    mutating func steps(_ node: DocumentNode, engine: ScriptEngine, what: String) -> [Step]? {
        guard let nodes = list(node, what) else { return nil }
        return nodes.compactMap { step($0, engine: engine) }
    }
}

// MARK: One step

extension ScriptParser {
    private static let httpMethods = ["get", "post", "put", "patch", "delete", "head", "options"]
    private static let commonActions = ["think", "loop", "log", "parallel"] + httpMethods

    private static func actions(of engine: ScriptEngine) -> [String] {
        switch engine {
        case .socketIO: ["emit"] + commonActions
        case .webSocket: ["send", "wait", "connect"] + commonActions
        case .http: commonActions
        }
    }

    /// Keys beside a step's action.
    private static func siblings(of action: String) -> [String] {
        switch action {
        case "emit": ["namespace", "response", "acknowledge", "ifTrue", "name", "timeout"]
        case "loop": ["count", "over", "whileTrue", "loopValue", "loopElement", "ifTrue", "pace", "name"]
        case "think": ["jitter", "ifTrue", "name"]
        case "send": ["match", "capture", "ifTrue", "name"]
        case "wait", "connect", "log", "parallel": ["ifTrue", "name"]
        default: ["ifTrue"]
        }
    }

    private mutating func step(_ node: DocumentNode, engine: ScriptEngine) -> Step? {
        guard case .mapping(let members) = node.content else {
            diagnostics.error(at: node.position, "a step must be a mapping such as '- think: 1', not \(node.kind)")
            return nil
        }
        let actions = Self.actions(of: engine)
        guard let member = members.first(where: { actions.contains($0.key) }) else {
            unknownStep(members, at: node.position, engine: engine)
            return nil
        }
        let known = [member.key] + Self.siblings(of: member.key)
        guard let siblings = mapping(node, "a step with '\(member.key)'", known: known) else { return nil }
        let condition = siblings["ifTrue"].flatMap { expression($0, "ifTrue") }
        let name = siblings["name"].flatMap { constantText($0, "a step's name") }
        let index = stepLabels.count
        guard index < Self.maximumSteps else {
            diagnostics.error(at: node.position, "the script has more than \(Self.maximumSteps) steps")
            return nil
        }
        stepLabels.append(name ?? member.key)
        guard let (action, label) = self.action(member, siblings: siblings, engine: engine) else { return nil }
        if name == nil { stepLabels[index] = label }
        return Step(index: index, label: stepLabels[index], position: member.position, condition: condition, action: action)
    }

    private mutating func unknownStep(_ members: [DocumentMember], at position: SourcePosition, engine: ScriptEngine) {
        let actions = Self.actions(of: engine)
        guard let first = members.first else {
            diagnostics.error(at: position, "an empty step")
            return
        }
        for member in members {
            if let alternative = Self.refused[member.key] {
                diagnostics.error(at: member.position, "'\(member.key)': \(alternative)")
                return
            }
            for other in [ScriptEngine.socketIO, .webSocket] where other != engine && Self.actions(of: other).contains(member.key) {
                diagnostics.error(
                    at: member.position,
                    "'\(member.key)' is a step of the engine '\(other.rawValue)'; this flow's engine is '\(engine.rawValue)'")
                return
            }
        }
        diagnostics.error(at: first.position, "unknown step '\(first.key)'\(NearestName.hint(for: first.key, among: actions))")
    }

    private mutating func action(_ member: DocumentMember, siblings: Members, engine: ScriptEngine) -> (Step.Action, label: String)? {
        let node = member.value
        switch member.key {
        case "emit":
            guard let emit = self.emit(node, siblings: siblings) else { return nil }
            return (.emit(emit), emit.eventName ?? "emit")
        case "think":
            let duration = jsonTemplate(node)
            checkThink(node)
            let jitter = siblings["jitter"].flatMap { self.jitter($0) } ?? configuration.thinkJitter
            return (.think(ThinkStep(duration: duration, jitter: jitter)), "think")
        case "loop": return loop(node, siblings: siblings, engine: engine).map { (.loop($0), "loop") }
        case "log": return template(node, "log").map { (.log($0), "log") }
        case "parallel":
            guard let nodes = list(node, "parallel") else { return nil }
            let requests = nodes.compactMap { parallelRequest($0) }
            return (.parallel(requests), "parallel")
        case "send": return send(node, siblings: siblings).map { (.send($0), "send") }
        case "wait":
            guard let members = mapping(node, "wait", known: ["match", "capture", "expect", "timeout"]) else { return nil }
            return (.waitForMessage(responseCheck(members, allowsHeaders: false)), "wait")
        case "connect": return connect(node).map { (.connect($0), "connect") }
        default:
            guard let request = self.request(node, method: member.key) else { return nil }
            return (.request(request), request.name ?? "\(request.method) \(request.url.constant ?? "(url with variables)")")
        }
    }

    private mutating func parallelRequest(_ node: DocumentNode) -> HTTPStep? {
        guard case .mapping(let members) = node.content, let member = members.first(where: { Self.httpMethods.contains($0.key) }) else {
            diagnostics.error(at: node.position, "'parallel' holds requests such as '- get: …' and nothing else")
            return nil
        }
        guard let siblings = mapping(node, "a parallel request", known: [member.key, "ifTrue"]) else { return nil }
        guard var request = self.request(member.value, method: member.key) else { return nil }
        if let condition = siblings["ifTrue"] { request.condition = expression(condition, "ifTrue") }
        return request
    }

    private mutating func checkThink(_ node: DocumentNode) {
        switch node.content {
        case .int, .double, .string:
            if case .string(let text) = node.content, text.contains("{{") { return }
            if DurationText.duration(ScriptValue(node)) == nil {
                diagnostics.error(
                    at: node.position,
                    "think takes seconds, \"500ms\" or a template such as \"{{ $randomInt(1, 3) }}\", not \(Self.show(node))")
            }
        default: diagnostics.error(at: node.position, "think takes seconds, \"500ms\" or a template, not \(node.kind)")
        }
    }

    // MARK: Loops

    private static let loopSettings = ["count", "over", "whileTrue", "loopValue", "loopElement", "pace"]

    private mutating func loop(_ node: DocumentNode, siblings: Members, engine: ScriptEngine) -> LoopStep? {
        guard let nodes = list(node, "loop") else { return nil }
        guard names.loopDepth < Self.maximumLoopDepth else {
            diagnostics.error(at: node.position, "more than \(Self.maximumLoopDepth) loops within one another")
            return nil
        }
        // Some scripts write the settings as an item of the list.
        var settings = siblings.members.filter { Self.loopSettings.contains($0.key) }
        var body: [DocumentNode] = []
        for item in nodes {
            guard case .mapping(let members) = item.content, !members.isEmpty,
                members.allSatisfy({ Self.loopSettings.contains($0.key) })
            else {
                body.append(item)
                continue
            }
            settings += members
        }
        let given = Members(node: siblings.node, what: "a loop", members: settings)
        let whileTrue = given["whileTrue"].flatMap { self.whileTrue($0) }
        guard let repetition = self.repetition(given, whileTrue: whileTrue, at: node.position) else { return nil }
        let countName = given["loopValue"].flatMap { constantText($0, "loopValue") } ?? "$loopCount"
        let elementName = given["loopElement"].flatMap { constantText($0, "loopElement") } ?? "$loopElement"
        let pace = given["pace"].flatMap { self.pace($0) }
        let countSlot = names.table.define(countName)
        let elementSlot = names.table.define(elementName)
        names.loopDepth += 1
        let steps = body.compactMap { step($0, engine: engine) }
        names.loopDepth -= 1
        if body.isEmpty { diagnostics.error(at: node.position, "the loop has no steps") }
        var condition: Expression?
        if case .whileTrue = repetition {} else { condition = whileTrue }
        return LoopStep(
            steps: steps, repetition: repetition, whileTrue: condition, countSlot: countSlot, elementSlot: elementSlot, pace: pace)
    }

    /// Artillery takes the name of a JavaScript function here, so a lone name that nothing sets is probably one.
    private mutating func whileTrue(_ node: DocumentNode) -> Expression? {
        guard let expression = self.expression(node, "whileTrue") else { return nil }
        if case .variable = expression, case .string(let text) = node.content, !text.contains("{{"),
            !names.table.definitions.contains(text)
        {
            names.table.forgetLastReference()
            diagnostics.error(
                at: node.position,
                "whileTrue takes an expression such as \"status != 'done'\"; the JavaScript function '\(text)' is not run, and no variable "
                    + "has this name")
        }
        return expression
    }

    private mutating func repetition(_ given: Members, whileTrue: Expression?, at position: SourcePosition) -> LoopStep.Repetition? {
        let kinds = ["count", "over"].filter { given[$0] != nil }
        if kinds.count == 2 {
            diagnostics.error(at: given.position(of: "over"), "a loop has 'count' or 'over', not both")
            return nil
        }
        if let count = given["count"] { return self.count(count, whileTrue: whileTrue) }
        if let over = given["over"] {
            switch over.content {
            case .sequence: return .over(jsonTemplate(over))
            case .string(let text) where names.table.definitions.contains(text):
                return self.over(.variable(slot: names.table.refer(to: text, at: over.position)))
            case .string: return expression(over, "over").map { self.over($0) }
            default:
                diagnostics.error(at: over.position, "'over' takes a list or the name of a variable that holds one, not \(over.kind)")
                return nil
            }
        }
        if let whileTrue { return .whileTrue(whileTrue) }
        missing("count", "over", "whileTrue", at: position, "a loop needs 'count', 'over' or 'whileTrue'")
        return nil
    }

    /// Each user has only one value of a configuration variable with several values, so a loop over it takes all of them.
    private mutating func over(_ expression: Expression) -> LoopStep.Repetition {
        if case .variable(let slot) = expression, let choices = self.choices[slot] { return .over(jsonTemplate(choices)) }
        var template = JSONTemplate()
        template.append(Template(segments: [.expression(expression)]))
        return .over(template)
    }

    private mutating func pace(_ node: DocumentNode) -> JSONTemplate? {
        if case .string(let text) = node.content, text.contains("{{") { return jsonTemplate(node) }
        return duration(node, "pace").map { _ in jsonTemplate(node) }
    }

    private mutating func count(_ node: DocumentNode, whileTrue: Expression?) -> LoopStep.Repetition? {
        if case .string(let text) = node.content {
            if text.contains("{{") { return .count(jsonTemplate(node)) }
            let parts = text.split(separator: "-").map { $0.filter { !$0.isWhitespace } }
            if parts.count == 2, let low = Int(parts[0]), let high = Int(parts[1]) {
                if low <= high { return .range(low, high) }
                diagnostics.error(at: node.position, "the count '\(text)' ends before it begins")
                return nil
            }
        }
        guard let count = integer(node, "count", in: -1...1_000_000_000) else { return nil }
        if count == -1 {
            if let whileTrue { return .whileTrue(whileTrue) }
            diagnostics.error(at: node.position, "a loop with count -1 never ends; add 'whileTrue'")
            return nil
        }
        return .range(0, count)
    }
}
