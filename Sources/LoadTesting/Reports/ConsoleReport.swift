/// Artillery's console output: `name: ..... value`.
public enum ConsoleReport {
    static let width = 79

    /// One period.
    public static func period(_ report: MetricsReport, endsAt: String, seconds: Double) -> String {
        let title = "Metrics for period to: \(endsAt)"
        return Self.titled(title, suffix: " (width: \(ReportNumber.text(seconds, digits: 3))s)") + Self.metrics(report)
    }

    /// The whole run: warnings first, then the metrics and the verdict.
    public static func summary(_ report: RunReport, at time: String) -> String {
        var text = ""
        for headline in report.headlines { text += "warning: \(headline)\n" }
        if !text.isEmpty { text += "\n" }
        text += "All VUs finished. Total time: \(ReportNumber.duration(report.seconds))\n\n"
        text += Self.titled("Summary report @ \(time)") + Self.metrics(report.aggregate)
        if let apdex = report.apdex { text += "\nApdex score: \(ReportNumber.text(apdex.score, digits: 3)) (\(apdex.rating))\n" }
        if let audit = report.audit { text += "\n" + Self.audit(audit) }
        if !report.verdict.checks.isEmpty { text += "\nChecks:\n" + Self.checks(report.verdict) }
        return text
    }

    static func titled(_ title: String, suffix: String = "") -> String {
        let line = String(repeating: "-", count: title.count)
        return "\(line)\n\(title)\(suffix)\n\(line)\n\n"
    }

    /// Counters, rates and summaries together, by name.
    static func metrics(_ report: MetricsReport) -> String {
        if report.isEmpty { return "No measurements recorded during this period\n" }
        let names = Set(report.counters.keys).union(report.rates.keys).union(report.summaries.keys).sorted()
        var text = ""
        for name in names {
            if let counter = report.counters[name] { text += Self.padded("\(name):", "\(counter)") }
            if let summary = report.summaries[name] {
                text += "\(name):\n"
                let rows = [
                    ("min", summary.minimum), ("max", summary.maximum), ("mean", summary.mean), ("median", summary.p50),
                    ("p95", summary.p95),
                    ("p99", summary.p99), ("p999", summary.p999), ("p9999", summary.p9999),
                ]
                for (label, value) in rows { text += Self.padded("  \(label):", ReportNumber.text(value)) }
            }
            if let rate = report.rates[name] { text += Self.padded("\(name):", "\(ReportNumber.text(rate.rounded()))/sec") }
        }
        return text
    }

    private static func padded(_ label: String, _ value: String) -> String {
        let dots = max(Self.width - label.count - value.count - 2, 3)
        return "\(label) \(String(repeating: ".", count: dots)) \(value)\n"
    }

    static func audit(_ audit: DeliveryAudit.Report) -> String {
        if audit.rooms.isEmpty { return "Delivery audit: no tagged message was sent or received\n" }
        var text = "Delivery audit:\n"
        for room in audit.rooms {
            text +=
                "  \(room.room): \(room.sent) sent, \(room.delivered) delivered, \(room.lost) lost, \(room.doubled) doubled, "
                + "\(room.outOfOrder) out of order\n"
        }
        for (name, messages) in [("lost", audit.lost), ("doubled", audit.doubled), ("out of order", audit.outOfOrder)]
        where !messages.isEmpty {
            let shown = messages.prefix(10).map { "\($0.room): number \($0.sequence) of user \($0.sender) at user \($0.receiver)" }
            text += "  \(name): \(shown.joined(separator: "; "))\(messages.count > 10 ? "; …" : "")\n"
        }
        if audit.streamsNotAudited > 0 { text += "  \(audit.streamsNotAudited) messages were not audited: too many pairs of users\n" }
        return text
    }

    static func checks(_ verdict: Verdict) -> String {
        verdict.checks.map { check in
            "\(check.passed ? "ok" : check.isStrict ? "fail" : "warn"): \(check.name) (\(check.detail))\n"
        }.joined()
    }
}
