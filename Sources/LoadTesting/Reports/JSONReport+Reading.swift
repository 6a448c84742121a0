import NIOCore
import JSONCore

/// A report that cannot be read.
public struct ReportError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
}

extension JSONReport {
    /// Sums, products and conversions of the numbers of a report stay within an `Int` if none is greater.
    static let greatestNumber = 1e15

    /// Reads a report of `dunlin run -o`, or of Artillery 2. Values that Artillery does not write stay empty.
    public static func read(_ text: String) throws(ReportError) -> RunReport {
        let root: JSONSlice
        do {
            root = try JSONSlice(validating: ByteBuffer(string: text))
        } catch {
            throw ReportError(description: "not a report: \(error)")
        }
        guard let aggregate = root["aggregate"], aggregate["counters"] != nil else {
            throw ReportError(description: "not a report of Dunlin or Artillery: it has no 'aggregate' with 'counters'")
        }
        try Self.checkNumbers(root)
        var report = RunReport()
        report.aggregate = Self.metrics(aggregate)
        report.intermediate = root["intermediate"]?.elements.map(Self.metrics) ?? []
        if let first = report.aggregate.firstMetricAt, let last = report.aggregate.lastMetricAt {
            report.startedAtMilliseconds = first
            report.seconds = Double(last - first) / 1000
        }
        if let own = root["dunlin"] {
            Self.readOwn(own, into: &report)
        } else {
            report.verdict = Verdict(EnsureDefinition(), of: report.aggregate)
        }
        return report
    }

    private static func checkNumbers(_ slice: JSONSlice) throws(ReportError) {
        switch slice.kind {
        case .number:
            guard let number = slice.double, abs(number) <= Self.greatestNumber else {
                throw ReportError(description: "not a report: it has a number beyond 10^15")
            }
        case .array: for element in slice.elements { try Self.checkNumbers(element) }
        case .object: for member in slice.members { try Self.checkNumbers(member.value) }
        default: break
        }
    }

    private static func metrics(_ slice: JSONSlice) -> MetricsReport {
        var metrics = MetricsReport()
        for (name, value) in slice["counters"]?.members ?? [] { metrics.counters[name] = value.int }
        for (name, value) in slice["rates"]?.members ?? [] { metrics.rates[name] = value.double }
        for (name, value) in slice["summaries"]?.members ?? [] { metrics.summaries[name] = Self.summary(value) }
        metrics.firstMetricAt = slice["firstMetricAt"]?.integer(as: Int64.self)
        metrics.lastMetricAt = slice["lastMetricAt"]?.integer(as: Int64.self)
        metrics.period = slice["period"].flatMap { $0.integer(as: Int64.self) ?? $0.string.flatMap(Int64.init) } ?? 0
        metrics.activeUsers = slice["vusersActive"]?.int
        return metrics
    }

    private static func summary(_ slice: JSONSlice) -> LatencySummary {
        func number(_ name: String) -> Double { slice[name]?.double ?? 0 }
        var summary = LatencySummary()
        summary.count = slice["count"]?.int ?? 0
        summary.minimum = number("min")
        summary.maximum = number("max")
        summary.mean = number("mean")
        summary.p50 = slice["p50"]?.double ?? number("median")
        summary.p75 = number("p75")
        summary.p90 = number("p90")
        summary.p95 = number("p95")
        summary.p99 = number("p99")
        summary.p999 = number("p999")
        summary.p9999 = slice["p9999"]?.double ?? summary.maximum
        return summary
    }

    private static func readOwn(_ own: JSONSlice, into report: inout RunReport) {
        report.version = own["version"]?.string ?? ""
        report.scriptFile = own["script"]?["file"]?.string ?? ""
        report.scriptSHA256 = own["script"]?["sha256"]?.string ?? ""
        report.target = own["target"]?.string ?? ""
        report.environment = own["environment"]?.string
        report.seed = own["seed"]?.string.flatMap(UInt64.init) ?? 0
        report.timeScale = own["timeScale"]?.double ?? 1
        report.wasInterrupted = own["interrupted"]?.bool ?? false
        report.lostWorkers = own["lostWorkers"]?.elements.compactMap(\.string) ?? []
        report.hooks =
            own["hooks"]?.elements.map { RunReport.Hook(name: $0["name"]?.string ?? "", failure: $0["failure"]?.string) } ?? []
        report.startedAtMilliseconds = own["startedAt"]?.integer(as: Int64.self) ?? report.startedAtMilliseconds
        report.seconds = own["seconds"]?.double ?? report.seconds
        report.periodSeconds = own["periodSeconds"]?.double ?? 10
        report.verdict.exitStatus = own["exitStatus"]?.integer(as: Int32.self).flatMap(RunExitStatus.init) ?? .passed
        report.verdict.checks =
            own["checks"]?.elements.map { check in
                Verdict.Check(
                    name: check["name"]?.string ?? "", passed: check["passed"]?.bool ?? false, isStrict: check["strict"]?.bool ?? true,
                    detail: check["detail"]?.string ?? "")
            } ?? []
        report.steps =
            own["steps"]?.elements.map { step in
                RunReport.Step(
                    index: step["index"]?.int ?? 0, label: step["label"]?.string ?? "", summary: step["responseTime"].map(Self.summary))
            } ?? []
        if let apdex = own["apdex"] {
            report.apdex = ApdexScore(
                thresholdMilliseconds: apdex["threshold"]?.double ?? 0, satisfied: apdex["satisfied"]?.int ?? 0,
                tolerated: apdex["tolerated"]?.int ?? 0, frustrated: apdex["frustrated"]?.int ?? 0)
        }
        if let generator = own["generator"] {
            var health = GeneratorHealth()
            health.cpuSeconds = generator["cpuSeconds"]?.double ?? 0
            health.wallSeconds = generator["wallSeconds"]?.double ?? 0
            health.eventLoops = generator["eventLoops"]?.int ?? 1
            health.loopLag = Self.histogram(generator["loopLag"])
            health.scheduleSlip = Self.histogram(generator["scheduleSlip"])
            report.health = health
        }
        report.audit = own["audit"].map(Self.audit)
        for (name, buckets) in own["buckets"]?.members ?? [] {
            let summary = report.aggregate.summaries[name] ?? LatencySummary()
            let pairs = buckets.elements.compactMap { pair -> (microseconds: UInt64, count: UInt64)? in
                guard let value = pair[0]?.integer(as: UInt64.self), let count = pair[1]?.integer(as: UInt64.self) else { return nil }
                return (value, count)
            }
            guard pairs.reduce(0, { $0 + Double($1.count) }) <= Self.greatestNumber else { continue }
            report.histograms[name] = LatencyHistogram(
                buckets: pairs, mean: summary.mean, minimum: summary.minimum, maximum: summary.maximum)
        }
    }

    /// A summary has only a few points; they are enough for the findings.
    private static func histogram(_ slice: JSONSlice?) -> LatencyHistogram {
        guard let slice else { return LatencyHistogram() }
        let summary = Self.summary(slice)
        guard summary.count > 0 else { return LatencyHistogram() }
        return LatencyHistogram(
            buckets: [(UInt64(max(summary.p99, 0) * 1000), UInt64(summary.count))], mean: summary.mean, minimum: summary.minimum,
            maximum: summary.maximum)
    }

    private static func audit(_ slice: JSONSlice) -> DeliveryAudit.Report {
        func messages(_ name: String) -> [DeliveryAudit.Message] {
            slice[name]?.elements.map {
                DeliveryAudit.Message(
                    room: $0["room"]?.string ?? "", receiver: $0["receiver"]?.int ?? 0, sender: $0["sender"]?.int ?? 0,
                    sequence: $0["sequence"]?.int ?? 0)
            } ?? []
        }
        var audit = DeliveryAudit.Report()
        audit.rooms =
            slice["rooms"]?.elements.map { room in
                DeliveryAudit.RoomReport(
                    room: room["room"]?.string ?? "", sent: room["sent"]?.int ?? 0, delivered: room["delivered"]?.int ?? 0,
                    lost: room["lost"]?.int ?? 0, doubled: room["doubled"]?.int ?? 0, outOfOrder: room["outOfOrder"]?.int ?? 0)
            } ?? []
        audit.lost = messages("lost")
        audit.doubled = messages("doubled")
        audit.outOfOrder = messages("outOfOrder")
        audit.streamsNotAudited = slice["messagesNotAudited"]?.int ?? 0
        return audit
    }
}
