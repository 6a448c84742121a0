/// `ensure`, `apdex`, `metrics-by-endpoint` and `expect`, under `config` and under `config.plugins`.
extension ScriptParser {
    private static let summaryNames = ["min", "max", "mean", "median", "p50", "p75", "p90", "p95", "p99", "p999", "p9999"]

    mutating func readVerdicts(_ config: DocumentNode, engine: ScriptEngine) {
        if let ensure = config["ensure"] { readEnsure(ensure, "config.ensure", engine: engine) }
        if let apdex = config["apdex"] { readApdex(apdex, "config.apdex") }
        guard let plugins = config["plugins"], plugins.content != .null else { return }
        let known = ["ensure", "apdex", "metrics-by-endpoint", "expect"]
        let ignored = [
            "publish-metrics": "use --metrics-port, --push-gateway or -o", "slack": "reports are files", "cloudwatch": "reports are files",
            "statsd": "reports are files", "datadog": "reports are files", "memory-inspector": "the generator measures itself",
        ]
        guard let members = mapping(plugins, "config.plugins", known: known, ignored: ignored, severity: .warning) else { return }
        if let ensure = members["ensure"], ensure.content != .null { readEnsure(ensure, "config.plugins.ensure", engine: engine) }
        if let apdex = members["apdex"], apdex.content != .null { readApdex(apdex, "config.plugins.apdex") }
        if let node = members["metrics-by-endpoint"] { readMetricsByEndpoint(node) }
        if let node = members["expect"], node.content != .null,
            let expect = mapping(
                node, "config.plugins.expect", known: ["reportFailuresAsErrors"],
                ignored: [
                    "outputFormat": "failures are part of the report", "formatter": "failures are part of the report",
                    "expectDefault200": "write the expectation at the step", "useOnlyRequestNames": "steps have names",
                ], severity: .warning),
            let value = expect["reportFailuresAsErrors"], let fails = boolean(value, "reportFailuresAsErrors")
        {
            configuration.expectationFailuresAreErrors = fails
        }
    }

    private mutating func readEnsure(_ node: DocumentNode, _ what: String, engine: ScriptEngine) {
        let known = ["thresholds", "conditions", "maxErrorRate"] + Self.summaryNames
        guard let members = mapping(node, what, known: known) else { return }
        if let rate = members["maxErrorRate"] {
            configuration.ensure.maximumErrorRate = number(rate, "maxErrorRate", in: 0...100)
        }
        // The form of Artillery 1: `p95: 200` is about response times.
        for member in members.members where Self.summaryNames.contains(member.key) {
            guard let maximum = number(member.value, "'\(member.key)'") else { continue }
            let metric =
                engine == .http ? "http.response_time" : engine == .webSocket ? "websocket.response_time" : "socketio.response_time"
            configuration.ensure.thresholds.append(
                .init(metric: "\(metric).\(member.key)", maximum: maximum, position: member.position))
        }
        if let thresholds = members["thresholds"], let nodes = list(thresholds, "\(what).thresholds") {
            for threshold in nodes { readThreshold(threshold) }
        }
        if let conditions = members["conditions"], let nodes = list(conditions, "\(what).conditions") {
            for condition in nodes { readCondition(condition) }
        }
    }

    private mutating func readThreshold(_ node: DocumentNode) {
        guard case .mapping(let members) = node.content, !members.isEmpty else {
            diagnostics.error(
                at: node.position, "a threshold is a metric and its maximum, such as \"socketio.response_time.p99\": 250")
            return
        }
        for member in members {
            guard let maximum = number(member.value, "the threshold of '\(member.key)'") else { continue }
            checkMetric(member.key, at: member.position)
            configuration.ensure.thresholds.append(.init(metric: member.key, maximum: maximum, position: member.position))
        }
    }

    /// Reports a time without an aggregation as an error, because it has no single value. Reports an unknown metric as a warning, because
    /// servers and networks have names of their own; its check fails if the run does not measure it.
    private mutating func checkMetric(_ name: String, at position: SourcePosition) {
        guard let complaint = MetricName.complaint(about: name) else { return }
        diagnostics.add(Diagnostic(MetricName(name) == .time ? .error : .warning, at: position, complaint))
    }

    private mutating func readCondition(_ node: DocumentNode) {
        var expressionNode = node
        var isStrict = true
        if case .mapping = node.content {
            guard let members = mapping(node, "a condition", known: ["expression", "strict"]) else { return }
            guard let inner = members["expression"] else {
                missing("expression", at: node.position, "a condition needs 'expression'")
                return
            }
            expressionNode = inner
            if let strict = members["strict"] { isStrict = boolean(strict, "strict") ?? true }
        }
        guard let text = constantText(expressionNode, "a condition") else { return }
        let metrics = MetricNames()
        do {
            let expression = try ExpressionParser.parse(text, namesHaveDots: true) { name, _ in .variable(slot: metrics.slot(for: name)) }
            if metrics.names.isEmpty { diagnostics.warning(at: expressionNode.position, "the condition '\(text)' reads no metric") }
            for name in metrics.names { checkMetric(name, at: expressionNode.position) }
            configuration.ensure.conditions.append(
                .init(text: text, expression: expression, metrics: metrics.names, isStrict: isStrict, position: expressionNode.position))
        } catch {
            let place = expressionNode.position.advanced(by: expressionNode.textOffset + error.offset)
            diagnostics.error(at: place, "in the condition '\(text)': \(error.message)")
        }
    }

    /// The metrics of one condition, collected while it is parsed.
    private final class MetricNames {
        private(set) var names: [String] = []

        func slot(for name: String) -> Int {
            if let slot = names.firstIndex(of: name) { return slot }
            names.append(name)
            return names.count - 1
        }
    }

    private mutating func readApdex(_ node: DocumentNode, _ what: String) {
        guard let members = mapping(node, what, known: ["threshold"]) else { return }
        guard let threshold = members["threshold"] else {
            configuration.apdexThresholdMilliseconds = 500
            return
        }
        configuration.apdexThresholdMilliseconds = number(threshold, "apdex.threshold", in: 1...3_600_000)
    }

    private mutating func readMetricsByEndpoint(_ node: DocumentNode) {
        var result = MetricsByEndpoint()
        defer { configuration.metricsByEndpoint = result }
        guard node.content != .null else { return }
        let known = ["useOnlyRequestNames", "stripQueryString", "ignoreUnnamedRequests", "groupDynamicURLs"]
        let ignored = ["metricsNamespace": "metrics keep their usual names", "suppressOutput": "use -q"]
        guard let members = mapping(node, "config.plugins.metrics-by-endpoint", known: known, ignored: ignored) else { return }
        func flag(_ key: String, _ parser: inout ScriptParser) -> Bool? { members[key].flatMap { parser.boolean($0, key) } }
        result.usesOnlyRequestNames = flag("useOnlyRequestNames", &self) ?? false
        result.stripsQueryString = flag("stripQueryString", &self) ?? false
        result.ignoresUnnamedRequests = flag("ignoreUnnamedRequests", &self) ?? false
        result.groupsDynamicURLs = flag("groupDynamicURLs", &self) ?? true
    }
}
