extension ScriptParser {
    static let maximumRate = 1_000_000.0
    static let maximumUsers = 10_000_000

    mutating func readPhases(_ node: DocumentNode) {
        guard let nodes = list(node, "config.phases") else { return }
        if nodes.isEmpty { diagnostics.error(at: node.position, "config.phases is empty") }
        configuration.phases = nodes.compactMap { phase($0) }
    }

    private mutating func phase(_ node: DocumentNode) -> Phase? {
        let known = [
            "name", "duration", "arrivalRate", "rampTo", "arrivalCount", "pause", "maxVusers", "mode", "users", "repeatProbability",
            "repeatThink",
        ]
        guard let members = mapping(node, "a phase", known: known) else { return nil }
        let name = members["name"].flatMap { constantText($0, "a phase's name") }
        if let pause = members["pause"] {
            for key in ["arrivalRate", "arrivalCount", "rampTo", "duration", "users"] where members[key] != nil {
                diagnostics.error(at: members.position(of: key), "a phase with 'pause' has no '\(key)'")
            }
            guard let duration = self.duration(pause, "a pause") else { return nil }
            return Phase(name: name, duration: duration, load: .pause, position: node.position)
        }
        guard let durationNode = members["duration"] else {
            missing(
                "duration", "pause", at: node.position, "a phase needs 'duration' with 'arrivalRate', 'arrivalCount' or 'users', or 'pause'"
            )
            return nil
        }
        guard let duration = self.duration(durationNode, "a phase's duration"), let load = self.load(members) else { return nil }
        if duration == .zero { diagnostics.error(at: durationNode.position, "a phase's duration must be more than 0") }
        var phase = Phase(name: name, duration: duration, load: load, position: node.position)
        if let mode = members["mode"], let spacing: Phase.Spacing = choice(mode, "a phase's mode") { phase.spacing = spacing }
        phase.maximumUsers = members["maxVusers"].flatMap { integer($0, "maxVusers", in: 1...Self.maximumUsers) }
        if let probability = members["repeatProbability"], let value = number(probability, "repeatProbability", in: 0...0.999) {
            phase.repeatProbability = value
        }
        if let think = members["repeatThink"], let value = self.duration(think, "repeatThink") { phase.repeatThink = value }
        if case .users = load {
            for key in ["mode", "maxVusers", "repeatProbability", "repeatThink"] where members[key] != nil {
                diagnostics.warning(at: members.position(of: key), "'\(key)' has no effect in a phase with 'users'")
            }
        }
        return phase
    }

    private mutating func load(_ members: Members) -> Phase.Load? {
        let given = ["arrivalRate", "arrivalCount", "users"].filter { members[$0] != nil }
        if given.count > 1 {
            diagnostics.error(at: members.position(of: given[1]), "a phase has '\(given[0])' or '\(given[1])', not both")
            return nil
        }
        let rampTo = members["rampTo"]
        if let count = members["arrivalCount"] {
            if rampTo != nil {
                diagnostics.error(at: members.position(of: "rampTo"), "'rampTo' goes with 'arrivalRate', not with 'arrivalCount'")
            }
            return integer(count, "arrivalCount", in: 0...Self.maximumUsers).map { .count($0) }
        }
        if let users = members["users"] {
            guard let from = integer(users, "users", in: 0...Self.maximumUsers) else { return nil }
            guard let rampTo else { return .users(from: from, to: from) }
            return integer(rampTo, "rampTo", in: 0...Self.maximumUsers).map { .users(from: from, to: $0) }
        }
        guard members["arrivalRate"] != nil || rampTo != nil else {
            missing(
                "arrivalRate", "arrivalCount", "users", at: members.node.position, "a phase needs 'arrivalRate', 'arrivalCount' or 'users'")
            return nil
        }
        let from = members["arrivalRate"].map { number($0, "arrivalRate", in: 0...Self.maximumRate) } ?? 0
        let to = rampTo.map { number($0, "rampTo", in: 0...Self.maximumRate) } ?? from
        guard let from, let to else { return nil }
        return .rate(from: from, to: to)
    }

    // MARK: Payloads

    mutating func payload(_ node: DocumentNode) -> PayloadDefinition? {
        let known = ["path", "fields", "order", "skipHeader", "delimiter", "cast", "skipEmptyLines", "loadAll", "name"]
        guard let members = mapping(node, "a payload", known: known) else { return nil }
        guard let pathNode = members["path"] else {
            missing("path", at: node.position, "a payload needs 'path'")
            return nil
        }
        guard let path = constantText(pathNode, "a payload's path") else { return nil }
        var payload = PayloadDefinition(path: path, pathPosition: pathNode.position)
        if let fields = members["fields"] {
            payload.fields = strings(fields, "a payload's field")
        }
        if let order = members["order"], let value: PayloadDefinition.Order = choice(order, "a payload's order") {
            payload.order = value
        }
        if let skip = members["skipHeader"], let value = boolean(skip, "skipHeader") { payload.skipsHeader = value }
        if let cast = members["cast"], let value = boolean(cast, "cast") { payload.casts = value }
        if let skip = members["skipEmptyLines"], let value = boolean(skip, "skipEmptyLines") { payload.skipsEmptyLines = value }
        if let delimiter = members["delimiter"], let text = constantText(delimiter, "a payload's delimiter") {
            if text.unicodeScalars.count == 1, let character = text.first, character != "\"" {
                payload.delimiter = character
            } else {
                diagnostics.error(at: delimiter.position, "a payload's delimiter must be one character, not '\(text)'")
            }
        }
        readWhole(members, into: &payload)
        if payload.wholeName == nil { payload.slots = (payload.fields ?? []).map { names.table.define($0) } }
        if payload.fields == nil, payload.wholeName == nil {
            diagnostics.warning(at: node.position, "a payload without 'fields' takes the names of its columns from the first row")
            names.hasUnknownColumns = true
        }
        return payload
    }

    private mutating func readWhole(_ members: Members, into payload: inout PayloadDefinition) {
        let name = members["name"].flatMap { constantText($0, "a payload's name") }
        guard let loadAll = members["loadAll"], boolean(loadAll, "loadAll") == true else {
            if name != nil { diagnostics.warning(at: members.position(of: "name"), "'name' has no effect without 'loadAll: true'") }
            return
        }
        guard let name else {
            diagnostics.error(at: loadAll.position, "'loadAll' needs 'name': the variable that holds all rows")
            return
        }
        payload.wholeName = name
        payload.wholeSlot = names.table.define(name)
    }

    /// `-p FILE` replaces the path of the one payload.
    mutating func applyPayloadOption(at position: SourcePosition) {
        guard let path = options.payloadPath else { return }
        switch configuration.payloads.count {
        case 1:
            configuration.payloads[0].path = path
            configuration.payloads[0].pathPosition = SourcePosition(file: "-p", line: 1, column: 1)
        case 0: diagnostics.error(at: position, "-p names a payload, but the script has no config.payload with fields")
        default: diagnostics.error(at: position, "-p works with one payload; the script has \(configuration.payloads.count)")
        }
    }
}
