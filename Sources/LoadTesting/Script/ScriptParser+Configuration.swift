extension ScriptParser {
    private static let configurationKeys = [
        "target", "phases", "environments", "payload", "variables", "tls", "http", "ws", "socketio", "socketio-v3", "engines", "plugins",
        "ensure", "apdex", "defaults", "timeout", "name",
    ]
    private static let configurationIgnored = [
        "includeFiles": "nothing is bundled", "bundling": "nothing is bundled", "statsInterval": "periods last 10 seconds, in short runs 1",
    ]

    mutating func readConfiguration(_ node: DocumentNode) {
        guard let config = mapping(node, "config", known: Self.configurationKeys, ignored: Self.configurationIgnored) else { return }
        if let target = config["target"] {
            configuration.target = constantText(target, "config.target")
            configuration.targetPosition = target.position
        }
        configuration.environment = options.environment
        if let phases = config["phases"] { readPhases(phases) }
        if let environments = config["environments"] { checkEnvironments(environments) }
        if let payload = config["payload"] {
            configuration.payloads = oneOrMore(payload).compactMap { self.payload($0) }
        }
        applyPayloadOption(at: config["payload"]?.position ?? node.position)
        if let variables = config["variables"] { readVariables(variables) }
        if let timeout = config["timeout"], let duration = self.duration(timeout, "config.timeout") {
            configuration.timeout = duration
        }
        if let tls = config["tls"], let members = mapping(tls, "config.tls", known: ["rejectUnauthorized"]) {
            if let rejects = members["rejectUnauthorized"], let value = boolean(rejects, "config.tls.rejectUnauthorized") {
                configuration.verifiesCertificates = value
            }
        }
        if let defaults = config["defaults"] { readDefaults(defaults) }
        for key in ["socketio", "socketio-v3"] { if let node = config[key] { readSocketIO(node, "config.\(key)") } }
        if let node = config["ws"] { readWebSocket(node, "config.ws") }
        if let node = config["http"] { readHTTP(node, "config.http") }
        if let engines = config["engines"] { readEngines(engines) }
    }

    /// Environments that are not chosen are checked for misspelt keys too.
    private mutating func checkEnvironments(_ node: DocumentNode) {
        guard case .mapping(let environments) = node.content else {
            diagnostics.error(at: node.position, "config.environments must be a mapping, not \(node.kind)")
            return
        }
        for environment in environments where environment.value.content != .null {
            _ = mapping(
                environment.value, "environment '\(environment.key)'", known: Self.configurationKeys, ignored: Self.configurationIgnored)
            if let phases = environment.value["phases"], environment.key != options.environment {
                let kept = configuration.phases
                readPhases(phases)
                configuration.phases = kept
            }
        }
    }

    private mutating func readDefaults(_ node: DocumentNode) {
        guard let defaults = mapping(node, "config.defaults", known: ["think", "headers"]) else { return }
        // The older place of config.http.defaults.headers.
        if let headers = defaults["headers"] { configuration.http.headers = pairs(headers, "config.defaults.headers") }
        guard let think = defaults["think"], let members = mapping(think, "config.defaults.think", known: ["jitter"]) else { return }
        if let jitter = members["jitter"] { configuration.thinkJitter = self.jitter(jitter) }
    }

    /// A share ("20%"), a time with a unit, or a number of milliseconds.
    mutating func jitter(_ node: DocumentNode) -> Jitter? {
        guard let text = constantText(node, "jitter") else { return nil }
        if text.hasSuffix("%"), let share = Double(text.dropLast().filter { !$0.isWhitespace }), (0...100).contains(share) {
            return .relative(share / 100)
        }
        if let duration = DurationText.parse(text, unitless: 1e6) { return .absolute(duration) }
        diagnostics.error(at: node.position, "jitter must be a share such as \"20%\" or a time such as \"500ms\", not '\(text)'")
        return nil
    }

    private mutating func readVariables(_ node: DocumentNode) {
        guard case .mapping(let members) = node.content else {
            diagnostics.error(at: node.position, "config.variables must be a mapping, not \(node.kind)")
            return
        }
        for member in members {
            let slot = names.table.define(member.key)
            if case .sequence(let choices) = member.value.content, !choices.contains(where: Self.mayBeList) {
                self.choices[slot] = member.value
            }
            var values: [JSONTemplate] = []
            if case .sequence(let choices) = member.value.content {
                if choices.isEmpty {
                    diagnostics.error(at: member.value.position, "the variable '\(member.key)' has an empty list of values")
                }
                values = choices.map { jsonTemplate($0) }
            } else {
                values = [jsonTemplate(member.value)]
            }
            configuration.variables.append((slot, values))
        }
    }

    private static func mayBeList(_ node: DocumentNode) -> Bool {
        switch node.content {
        case .sequence: true
        case .string(let text): text.contains("{{")
        default: false
        }
    }

    // MARK: Engines

    private mutating func readEngines(_ node: DocumentNode) {
        guard case .mapping(let engines) = node.content else {
            diagnostics.error(at: node.position, "config.engines must be a mapping, not \(node.kind)")
            return
        }
        for engine in engines {
            let what = "config.engines.\(engine.key)"
            switch engine.key {
            case "socketio", "socketio-v3": if engine.value.content != .null { readSocketIO(engine.value, what) }
            case "ws": if engine.value.content != .null { readWebSocket(engine.value, what) }
            case "http": if engine.value.content != .null { readHTTP(engine.value, what) }
            default:
                let hint = NearestName.hint(for: engine.key, among: ["socketio", "socketio-v3", "ws", "http"])
                diagnostics.warning(at: engine.position, "unknown engine '\(engine.key)'\(hint)")
            }
        }
    }

    private mutating func readSocketIO(_ node: DocumentNode, _ what: String) {
        let known = ["path", "query", "extraHeaders", "headers", "transports", "auth", "timeout", "reconnection", "rejectUnauthorized"]
        let ignored = [
            "forceNew": "every virtual user has a connection of its own", "multiplex": "namespaces of one user share a connection",
            "upgrade": "name the transports", "rememberUpgrade": "name the transports", "autoConnect": "users connect at their first step",
            "reconnectionAttempts": "users connect once", "reconnectionDelay": "users connect once",
            "reconnectionDelayMax": "users connect once", "randomizationFactor": "users connect once",
            "perMessageDeflate": "messages are not compressed", "parser": "the default parser is used", "agent": "Node.js only",
            "withCredentials": "browsers only", "tryAllTransports": "name the transports",
        ]
        guard let members = mapping(node, what, known: known, ignored: ignored, severity: .warning) else { return }
        if let path = members["path"], let text = constantText(path, "\(what).path") {
            if text.hasPrefix("/") {
                configuration.socketIO.path = text.hasSuffix("/") ? text : text + "/"
            } else {
                diagnostics.error(at: path.position, "\(what).path must begin with '/', not '\(text)'")
            }
        }
        if let query = members["query"] {
            if case .string(let text) = query.content {
                for pair in text.split(separator: "&") {
                    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    let value = DocumentNode(position: query.position, content: .string(parts.count > 1 ? String(parts[1]) : ""))
                    if let value = template(value, "\(what).query") {
                        configuration.socketIO.query.append((String(parts[0]), value))
                    }
                }
            } else {
                configuration.socketIO.query = pairs(query, "\(what).query")
            }
        }
        if let headers = members.first("extraHeaders", "headers") {
            configuration.socketIO.headers = pairs(headers, "\(what).extraHeaders")
        }
        if let transports = members["transports"] {
            let values: [SocketIOSettings.Transport] = oneOrMore(transports).compactMap { choice($0, "a transport") }
            if case .sequence([]) = transports.content {
                diagnostics.error(at: transports.position, "\(what).transports is empty")
            } else {
                configuration.socketIO.transports = values
            }
        }
        if let auth = members["auth"] { configuration.socketIO.auth = jsonTemplate(auth) }
        // The client's option is in milliseconds, unlike config.timeout.
        if let timeout = members["timeout"] {
            configuration.socketIO.connectTimeout = duration(timeout, "\(what).timeout", unitless: 1e6)
        }
        if let reconnects = members["reconnection"], let value = boolean(reconnects, "\(what).reconnection") {
            configuration.socketIO.reconnects = value
        }
        if let rejects = members["rejectUnauthorized"], let value = boolean(rejects, "\(what).rejectUnauthorized") {
            configuration.verifiesCertificates = value
        }
    }

    private mutating func readWebSocket(_ node: DocumentNode, _ what: String) {
        let known = ["subprotocols", "headers", "rejectUnauthorized"]
        let ignored = ["proxy": "connections are direct", "origin": "set it in headers"]
        guard let members = mapping(node, what, known: known, ignored: ignored, severity: .warning) else { return }
        if let protocols = members["subprotocols"] { configuration.webSocket.subprotocols = strings(protocols, "a sub-protocol") }
        if let headers = members["headers"] { configuration.webSocket.headers = pairs(headers, "\(what).headers") }
        if let rejects = members["rejectUnauthorized"], let value = boolean(rejects, "\(what).rejectUnauthorized") {
            configuration.verifiesCertificates = value
        }
    }

    private mutating func readHTTP(_ node: DocumentNode, _ what: String) {
        let known = ["timeout", "defaults", "followRedirect", "rejectUnauthorized"]
        let ignored = [
            "pool": "each user has its own connection", "maxSockets": "each user has its own connection",
            "extendedMetrics": "they are always measured", "cookieJarOptions": "cookies are kept by their names",
        ]
        guard let members = mapping(node, what, known: known, ignored: ignored, severity: .warning) else { return }
        if let timeout = members["timeout"] { configuration.http.timeout = duration(timeout, "\(what).timeout") }
        if let follow = members["followRedirect"], let value = boolean(follow, "\(what).followRedirect") {
            configuration.http.followsRedirects = value
        }
        if let rejects = members["rejectUnauthorized"], let value = boolean(rejects, "\(what).rejectUnauthorized") {
            configuration.verifiesCertificates = value
        }
        if let defaults = members["defaults"],
            let inner = mapping(defaults, "\(what).defaults", known: ["headers"], severity: .warning),
            let headers = inner["headers"]
        {
            configuration.http.headers = pairs(headers, "\(what).defaults.headers")
        }
    }
}
