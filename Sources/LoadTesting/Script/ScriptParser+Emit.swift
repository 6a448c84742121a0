extension ScriptParser {
    private static let emitKeys = ["channel", "event", "data", "args", "namespace", "response", "acknowledge", "timeout", "name"]
    /// Names that a Socket.IO client refuses to emit, because they name its own events.
    private static let reservedEvents = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]

    /// `emit` as a string, as a list of event and arguments, or as a mapping.
    mutating func emit(_ node: DocumentNode, siblings: Members) -> EmitStep? {
        isReadingEmit = true
        defer { isReadingEmit = false }
        var nested: Members?
        var event: DocumentNode
        var arguments: [DocumentNode]
        switch node.content {
        case .string: (event, arguments) = (node, [])
        case .sequence(let nodes):
            guard let first = nodes.first else {
                diagnostics.error(at: node.position, "emit needs at least the event's name")
                return nil
            }
            (event, arguments) = (first, Array(nodes.dropFirst()))
        case .mapping:
            guard let members = mapping(node, "emit", known: Self.emitKeys) else { return nil }
            guard let channel = members.first("channel", "event") else {
                missing("channel", "event", at: node.position, "emit needs 'channel': the event's name")
                return nil
            }
            nested = members
            event = channel
            arguments = self.arguments(members)
        default:
            diagnostics.error(at: node.position, "emit takes a mapping, a list or a string, not \(node.kind)")
            return nil
        }
        guard let name = template(event, "an event's name") else { return nil }
        if let constant = name.constant {
            if constant.isEmpty { diagnostics.error(at: event.position, "an event's name is empty") }
            if Self.reservedEvents.contains(constant) {
                diagnostics.error(at: event.position, "'\(constant)' is reserved by Socket.IO and cannot be emitted")
            }
        }
        var values = JSONTemplate()
        for (index, argument) in arguments.enumerated() {
            if index > 0 { values.append(",") }
            append(argument, to: &values)
        }
        var step = EmitStep(eventName: name.constant, event: name, arguments: values)
        func setting(_ key: String) -> DocumentNode? { siblings[key] ?? nested?[key] }
        for key in ["namespace", "response", "acknowledge", "timeout", "name"] where siblings[key] != nil && nested?[key] != nil {
            diagnostics.error(at: siblings.position(of: key), "'\(key)' is given both beside emit and within it")
        }
        step.namespace = setting("namespace").flatMap { namespace($0) }
        step.timeout = setting("timeout").flatMap { duration($0, "timeout") }
        if let acknowledge = setting("acknowledge") { step.acknowledgement = acknowledgement(acknowledge) }
        if let response = setting("response") {
            step.responses = oneOrMore(response).compactMap { self.response($0, namespace: step.namespace) }
        }
        return step
    }

    private mutating func arguments(_ members: Members) -> [DocumentNode] {
        if members["data"] != nil, members["args"] != nil {
            diagnostics.error(at: members.position(of: "args"), "emit has 'data' (one argument) or 'args' (several), not both")
        }
        if let data = members["data"] { return [data] }
        return members["args"].map { oneOrMore($0) } ?? []
    }

    private mutating func namespace(_ node: DocumentNode) -> Template? {
        guard let template = self.template(node, "a namespace") else { return nil }
        guard let constant = template.constant else { return template }
        if constant.isEmpty { return nil }
        return constant.hasPrefix("/") ? template : Template(constant: "/" + constant)
    }

    private mutating func acknowledgement(_ node: DocumentNode) -> ResponseCheck? {
        switch node.content {
        case .bool(let isWanted): return isWanted ? ResponseCheck() : nil
        case .null: return ResponseCheck()
        case .string, .sequence, .int, .double:
            // Short for `{data: …}`.
            return ResponseCheck(data: jsonTemplate(node))
        case .mapping:
            let known = ["data", "args", "match", "capture", "expect", "timeout"]
            guard let members = mapping(node, "acknowledge", known: known) else { return nil }
            return responseCheck(members, allowsHeaders: false)
        }
    }

    private mutating func response(_ node: DocumentNode, namespace: Template?) -> AwaitedEvent? {
        if case .string = node.content {
            return template(node, "a response's channel").map {
                AwaitedEvent(namespace: namespace, channel: $0, check: ResponseCheck())
            }
        }
        let known = ["channel", "on", "data", "args", "match", "capture", "expect", "where", "namespace", "timeout"]
        guard let members = mapping(node, "response", known: known) else { return nil }
        guard let channel = members.first("channel", "on") else {
            missing("channel", "on", at: node.position, "response needs 'channel' (or 'on'): the event that is awaited")
            return nil
        }
        guard let name = template(channel, "a response's channel") else { return nil }
        let own = members["namespace"].flatMap { self.namespace($0) }
        var awaited = AwaitedEvent(
            namespace: own ?? namespace, channel: name, check: responseCheck(members, allowsHeaders: false))
        awaited.filter = members["where"].map { matches($0, "where", allowsHeaders: false) } ?? []
        awaited.timeout = awaited.check.timeout
        return awaited
    }

    // MARK: Checks, for every engine

    mutating func responseCheck(_ members: Members, allowsHeaders: Bool) -> ResponseCheck {
        var check = ResponseCheck()
        if members["data"] != nil, members["args"] != nil {
            diagnostics.error(at: members.position(of: "args"), "\(members.what) has 'data' or 'args', not both")
        }
        if let data = members.first("data", "args") { check.data = jsonTemplate(data) }
        if let match = members["match"] { check.matches = matches(match, "match", allowsHeaders: allowsHeaders) }
        if let capture = members["capture"] {
            check.captures = oneOrMore(capture).compactMap { self.capture($0, allowsHeaders: allowsHeaders) }
        }
        if let expect = members["expect"] { check.expectations = expectations(expect, allowsHTTP: allowsHeaders) }
        if let timeout = members["timeout"] { check.timeout = duration(timeout, "timeout") }
        return check
    }

    mutating func matches(_ node: DocumentNode, _ what: String, allowsHeaders: Bool) -> [ResponseMatch] {
        oneOrMore(node).compactMap { node in
            let known = ["json", "regexp", "value", "group", "strict"] + (allowsHeaders ? ["header"] : [])
            guard let members = mapping(node, what, known: known, ignored: Self.ignoredExtractions) else { return nil }
            guard let extraction = self.extraction(members) else { return nil }
            guard let value = members["value"] else {
                missing("value", at: node.position, "\(what) needs 'value'")
                return nil
            }
            let isStrict = members["strict"].flatMap { boolean($0, "strict") } ?? true
            return ResponseMatch(extraction: extraction, value: jsonTemplate(value), isStrict: isStrict, position: node.position)
        }
    }

    private static let ignoredExtractions = [
        "flags": "patterns are case-sensitive; write (?i) into the pattern", "transform": "JavaScript is not run",
    ]

    private mutating func capture(_ node: DocumentNode, allowsHeaders: Bool) -> Capture? {
        let known = ["json", "regexp", "group", "as", "strict"] + (allowsHeaders ? ["header"] : [])
        guard let members = mapping(node, "capture", known: known, ignored: Self.ignoredExtractions) else { return nil }
        guard let extraction = self.extraction(members) else { return nil }
        guard let name = members["as"].flatMap({ constantText($0, "as") }) else {
            missing("as", at: node.position, "capture needs 'as': the variable that takes the value")
            return nil
        }
        let isStrict = members["strict"].flatMap { boolean($0, "strict") } ?? true
        return Capture(extraction: extraction, slot: names.table.define(name), name: name, isStrict: isStrict)
    }

    private mutating func extraction(_ members: Members) -> Extraction? {
        let given = ["json", "regexp", "header"].filter { members[$0] != nil }
        // Artillery's default: the first argument.
        if given.isEmpty, isReadingEmit { return try? .json(JSONPath("$.0")) }
        guard given.count == 1, let kind = given.first, let node = members[kind] else {
            diagnostics.error(at: members.node.position, "\(members.what) needs exactly one of 'json' and 'regexp'")
            return nil
        }
        guard let text = constantText(node, "'\(kind)'") else { return nil }
        switch kind {
        case "json": return path(text, at: node).map { .json($0) }
        case "header": return .header(text.lowercased())
        default:
            let group = members["group"].flatMap { integer($0, "group", in: 0...99) }
            guard let pattern = Pattern(text) else {
                diagnostics.error(at: node.position, "not a regular expression: '\(text)'")
                return nil
            }
            if let group, group > pattern.groupCount {
                diagnostics.error(at: node.position, "the expression has \(pattern.groupCount) groups, not \(group)")
            }
            return .pattern(text, group: group ?? 0)
        }
    }

    mutating func path(_ text: String, at node: DocumentNode) -> JSONPath? {
        do {
            return try JSONPath(text)
        } catch {
            diagnostics.error(at: node.position.advanced(by: node.textOffset + error.offset), error.message)
            return nil
        }
    }

    // MARK: Expectations

    private mutating func expectations(_ node: DocumentNode, allowsHTTP: Bool) -> [Expectation] {
        let general = ["json", "value", "equals", "notEquals", "hasProperty", "notHasProperty", "matchesRegexp"]
        let http = ["statusCode", "notStatusCode", "contentType", "hasHeader", "headerEquals"]
        return oneOrMore(node).flatMap { node -> [Expectation] in
            let ignored = ["cdnHit": "it is about one vendor's headers", "validRegex": "patterns are checked when the script is read"]
            guard let members = mapping(node, "expect", known: general + (allowsHTTP ? http : []), ignored: ignored) else { return [] }
            if members["json"] != nil, members["value"] == nil {
                missing("value", at: node.position, "expect with 'json' needs 'value'")
            }
            return members.members.compactMap { expectation($0, members: members) }
        }
    }

    private mutating func expectation(_ member: DocumentMember, members: Members) -> Expectation? {
        let node = member.value
        switch member.key {
        case "json":
            guard let value = members["value"], let text = constantText(node, "json"), let path = self.path(text, at: node) else {
                return nil
            }
            return .json(path, jsonTemplate(value))
        case "statusCode": return .statusCode(oneOrMore(node).map { jsonTemplate($0) }, isNegated: false)
        case "notStatusCode": return .statusCode(oneOrMore(node).map { jsonTemplate($0) }, isNegated: true)
        case "contentType": return template(node, "contentType").map { .contentType($0) }
        case "hasHeader": return template(node, "hasHeader").map { .hasHeader($0) }
        case "hasProperty": return template(node, "hasProperty").map { .hasProperty($0, isNegated: false) }
        case "notHasProperty": return template(node, "notHasProperty").map { .hasProperty($0, isNegated: true) }
        case "matchesRegexp":
            guard let text = constantText(node, "matchesRegexp") else { return nil }
            if Pattern(text) == nil { diagnostics.error(at: node.position, "not a regular expression: '\(text)'") }
            return .pattern(text)
        case "headerEquals", "equals", "notEquals":
            guard let values = list(node, member.key) else { return nil }
            guard values.count >= 2 else {
                diagnostics.error(at: node.position, "'\(member.key)' takes a list of two values")
                return nil
            }
            if member.key == "headerEquals" {
                guard let name = template(values[0], "a header's name"), let value = template(values[1], "a header") else {
                    return nil
                }
                return .headerEquals(name, value)
            }
            return .equals(values.map { jsonTemplate($0) }, isNegated: member.key == "notEquals")
        default: return nil
        }
    }
}
