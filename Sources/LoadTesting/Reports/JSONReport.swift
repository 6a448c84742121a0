import NIOCore
import JSONCore

/// Artillery's JSON report (`aggregate`, `intermediate`). Additional values are under `dunlin`.
public enum JSONReport {
    public static func write(_ report: RunReport) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("aggregate")
            Self.write(report.aggregate, isAggregate: true, to: &writer)
            writer.key("intermediate")
            writer.array { writer in
                for period in report.intermediate { Self.write(period, isAggregate: false, to: &writer) }
            }
            writer.key("dunlin")
            Self.writeOwn(report, to: &writer)
        }
        return String(buffer: writer.buffer) + "\n"
    }

    private static func write(_ metrics: MetricsReport, isAggregate: Bool, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("counters")
            writer.object { writer in
                for (name, count) in metrics.counters.sorted(by: { $0.key < $1.key }) { writer.field(name, count) }
            }
            writer.key("rates")
            writer.object { writer in
                for (name, rate) in metrics.rates.sorted(by: { $0.key < $1.key }) { writer.field(name, Self.rounded(rate)) }
            }
            // Artillery writes the same numbers under both names.
            for key in ["summaries", "histograms"] {
                writer.key(key)
                writer.object { writer in
                    for (name, summary) in metrics.summaries.sorted(by: { $0.key < $1.key }) {
                        writer.key(name)
                        Self.write(summary, to: &writer)
                    }
                }
            }
            for (name, value) in [
                ("firstCounterAt", metrics.firstMetricAt), ("firstHistogramAt", metrics.firstMetricAt),
                ("lastCounterAt", metrics.lastMetricAt),
                ("lastHistogramAt", metrics.lastMetricAt), ("firstMetricAt", metrics.firstMetricAt), ("lastMetricAt", metrics.lastMetricAt),
            ] {
                if let value { writer.field(name, value) }
            }
            // A string in the periods and a number in the aggregate, as Artillery has it.
            if isAggregate { writer.field("period", metrics.period) } else { writer.field("period", String(metrics.period)) }
            if let active = metrics.activeUsers { writer.field("vusersActive", active) }
        }
    }

    private static func write(_ summary: LatencySummary, to writer: inout JSONWriter) {
        writer.object { writer in
            for name in LatencySummary.names {
                if name == "count" { writer.field(name, summary.count) } else { writer.field(name, Self.rounded(summary[name] ?? 0)) }
            }
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    private static func writeOwn(_ report: RunReport, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("version", report.version)
            writer.key("script")
            writer.object {
                $0.field("file", report.scriptFile); $0.field("sha256", report.scriptSHA256)
            }
            writer.field("target", report.target)
            if let environment = report.environment { writer.field("environment", environment) }
            // A string: 64 bits do not fit JavaScript's numbers.
            writer.field("seed", String(report.seed))
            writer.field("timeScale", report.timeScale)
            if report.wasInterrupted { writer.field("interrupted", true) }
            writer.key("lostWorkers")
            writer.array { for line in report.lostWorkers { $0.string(line) } }
            writer.key("hooks")
            writer.array { writer in
                for hook in report.hooks {
                    writer.object {
                        $0.field("name", hook.name)
                        if let failure = hook.failure { $0.field("failure", failure) }
                    }
                }
            }
            writer.field("startedAt", report.startedAtMilliseconds)
            writer.field("seconds", Self.rounded(report.seconds))
            writer.field("periodSeconds", report.periodSeconds)
            writer.field("exitStatus", report.verdict.exitStatus.rawValue)
            writer.key("headlines")
            writer.array { for line in report.headlines { $0.string(line) } }
            Self.write(report.verdict.checks, to: &writer)
            if let apdex = report.apdex { Self.write(apdex, to: &writer) }
            if let health = report.health { Self.write(health, to: &writer) }
            if let audit = report.audit { Self.write(audit, to: &writer) }
            writer.key("steps")
            writer.array { writer in
                for step in report.steps {
                    writer.object { writer in
                        writer.field("index", step.index)
                        writer.field("label", step.label)
                        if let summary = step.summary {
                            writer.key("responseTime")
                            Self.write(summary, to: &writer)
                        }
                    }
                }
            }
            Self.write(report.histograms, to: &writer)
        }
    }

    private static func write(_ checks: [Verdict.Check], to writer: inout JSONWriter) {
        writer.key("checks")
        writer.array { writer in
            for check in checks {
                writer.object { writer in
                    writer.field("name", check.name)
                    writer.field("passed", check.passed)
                    writer.field("strict", check.isStrict)
                    writer.field("detail", check.detail)
                }
            }
        }
    }

    private static func write(_ apdex: ApdexScore, to writer: inout JSONWriter) {
        writer.key("apdex")
        writer.object { writer in
            writer.field("score", Self.rounded(apdex.score))
            writer.field("threshold", apdex.thresholdMilliseconds)
            writer.field("satisfied", apdex.satisfied)
            writer.field("tolerated", apdex.tolerated)
            writer.field("frustrated", apdex.frustrated)
        }
    }

    private static func write(_ health: GeneratorHealth, to writer: inout JSONWriter) {
        writer.key("generator")
        writer.object { writer in
            writer.field("cpuSeconds", Self.rounded(health.cpuSeconds))
            writer.field("wallSeconds", Self.rounded(health.wallSeconds))
            writer.field("eventLoops", health.eventLoops)
            writer.key("loopLag")
            Self.write(LatencySummary(health.loopLag), to: &writer)
            writer.key("scheduleSlip")
            Self.write(LatencySummary(health.scheduleSlip), to: &writer)
            writer.key("findings")
            writer.array { for finding in health.findings { $0.string(finding) } }
        }
    }

    private static func write(_ audit: DeliveryAudit.Report, to writer: inout JSONWriter) {
        writer.key("audit")
        writer.object { writer in
            writer.key("rooms")
            writer.array { writer in
                for room in audit.rooms {
                    writer.object { writer in
                        writer.field("room", room.room)
                        writer.field("sent", room.sent)
                        writer.field("delivered", room.delivered)
                        writer.field("lost", room.lost)
                        writer.field("doubled", room.doubled)
                        writer.field("outOfOrder", room.outOfOrder)
                    }
                }
            }
            for (name, messages) in [("lost", audit.lost), ("doubled", audit.doubled), ("outOfOrder", audit.outOfOrder)] {
                writer.key(name)
                writer.array { writer in
                    for message in messages {
                        writer.object { writer in
                            writer.field("room", message.room)
                            writer.field("receiver", message.receiver)
                            writer.field("sender", message.sender)
                            writer.field("sequence", message.sequence)
                        }
                    }
                }
            }
            writer.field("messagesNotAudited", audit.streamsNotAudited)
        }
    }

    /// Buckets as pairs of microseconds and count, so that reports can be merged and compared exactly.
    private static func write(_ histograms: [String: LatencyHistogram], to writer: inout JSONWriter) {
        writer.key("buckets")
        writer.object { writer in
            for (name, histogram) in histograms.sorted(by: { $0.key < $1.key }) {
                writer.key(name)
                writer.array { writer in
                    for bucket in histogram.buckets {
                        writer.array {
                            $0.integer(bucket.microseconds); $0.integer(bucket.count)
                        }
                    }
                }
            }
        }
    }
}
