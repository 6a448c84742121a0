/// The kind of metric that a name in `ensure` stands for.
enum MetricName: Equatable {
    case counter
    case rate
    /// A time with its aggregation, such as `socketio.response_time.p99`.
    case summary
    /// A time without an aggregation. It has no single value that could be compared.
    case time
    case unknown

    init(_ name: String) {
        if let known = Self.known[name] {
            self = known
        } else if let dot = name.lastIndex(of: "."), LatencySummary.names.contains(String(name[name.index(after: dot)...])) {
            let base = String(name[..<dot])
            self = Self.known[base] == .time || Self.families(of: .time).contains(where: base.hasPrefix) ? .summary : .unknown
        } else if Self.families(of: .counter).contains(where: name.hasPrefix) {
            self = .counter
        } else {
            self = Self.families(of: .time).contains(where: name.hasPrefix) ? .time : .unknown
        }
    }

    /// Names that every run has.
    private static let known: [String: MetricName] = {
        var names: [String: MetricName] = [:]
        for metric in Metric.allCases { names[metric.name] = metric.isTime ? .time : .counter }
        for rate in Metric.rates { names[rate.name] = .rate }
        return names
    }()

    /// The beginnings of names that a script, a server or the network completes.
    private static let prefixes: [(String, MetricName)] = [
        ("errors.", .counter), ("http.codes.", .counter), ("vusers.created_by_name.", .counter), ("socketio.emit.", .counter),
        ("socketio.error_events.", .counter), ("socketio.disconnects.", .counter), ("websocket.disconnects.", .counter),
        ("plugins.expect.", .counter), ("socketio.response_time.", .time), ("socketio.push_time.", .time),
        ("steps.", .time), ("plugins.metrics-by-endpoint.response_time.", .time),
    ]

    private static func families(of kind: MetricName) -> [String] { Self.prefixes.filter { $0.1 == kind }.map(\.0) }

    /// The message about a wrong name. Nil if the name is right.
    static func complaint(about name: String) -> String? {
        switch MetricName(name) {
        case .counter, .rate, .summary: nil
        case .time: Self.misspeltValue(name) ?? "'\(name)' is a time; say which of its values, such as \(name).p95"
        case .unknown:
            if let dot = name.lastIndex(of: "."), LatencySummary.names.contains(String(name[name.index(after: dot)...])) {
                Self.unknown(String(name[..<dot]), among: Self.known.filter { $0.value == .time }.map(\.key))
            } else {
                Self.unknown(name, among: Array(Self.known.keys))
            }
        }
    }

    /// The message about a time with a misspelt aggregation. Nil if the name is no such time.
    private static func misspeltValue(_ name: String) -> String? {
        guard let dot = name.lastIndex(of: "."), case let base = String(name[..<dot]), Self.known[base] == .time,
            case let value = String(name[name.index(after: dot)...]),
            NearestName.suggestion(for: value, among: LatencySummary.names) != nil
        else { return nil }
        return "'\(base)' has no value '\(value)'; it has \(LatencySummary.names.joined(separator: ", "))"
    }

    private static func unknown(_ name: String, among known: [String]) -> String {
        let near = NearestName.suggestion(for: name, among: known.sorted()).map { "; did you mean '\($0)'?" } ?? ""
        return "no run measures '\(name)'\(near)"
    }
}
