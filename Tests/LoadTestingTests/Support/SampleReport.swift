@testable import LoadTesting

/// A report of a run that never took place, with something of everything.
func sampleReport(seed: UInt64 = 7, slower factor: Double = 1, periods: Int = 30, ensure: EnsureDefinition = EnsureDefinition())
    -> RunReport
{
    var catalog = MetricCatalog()
    let join = catalog.id("socketio.response_time.join")
    let step = catalog.id("steps.0.response_time")
    let byName = catalog.id("vusers.created_by_name.Chat User Journey")
    var random = SeededGenerator(seed: seed)
    var aggregate = Measurements(catalog: catalog)
    var report = RunReport()
    report.version = "0.0.0"
    report.scriptFile = "scripts/classroom.yml"
    report.scriptSHA256 = String(repeating: "ab", count: 32)
    report.target = "http://127.0.0.1:3001"
    report.environment = "staging"
    report.seed = seed
    report.startedAtMilliseconds = 1_764_140_000_000
    report.seconds = Double(periods) * 10
    for period in 0..<periods {
        var measurements = Measurements(catalog: catalog)
        let start = RunInstant(nanoseconds: Int64(period) * 10_000_000_000)
        measurements.touch(start)
        measurements.touch(start + .seconds(10))
        let load = Double(min(period + 1, periods - period))
        let messages = Int(load * 60)
        measurements.count(Metric.created.id, by: Int(load * 5))
        measurements.count(byName, by: Int(load * 5))
        measurements.count(Metric.completed.id, by: Int(load * 5))
        measurements.count(Metric.connects.id, by: Int(load * 5))
        measurements.count(Metric.emits.id, by: messages)
        measurements.count(Metric.eventsReceived.id, by: messages * 3)
        for _ in 0..<messages {
            let base = (2 + 20 * random.unit() * random.unit() + load / 3) * factor
            let time = Int64((random.unit() > 0.99 ? base * 8 : base) * 1e6)
            measurements.record(Metric.responseTime.id, nanoseconds: time)
            measurements.record(Metric.serviceTime.id, nanoseconds: time * 9 / 10)
            measurements.record(join, nanoseconds: time)
            measurements.record(step, nanoseconds: time)
        }
        for _ in 0..<5 { measurements.record(Metric.connectTime.id, nanoseconds: Int64((10 + 5 * random.unit()) * 1e6)) }
        if period > periods / 2 {
            measurements.count(Metric.failed.id, by: 2)
            measurements.count(named: "errors.acknowledgement timeout", by: 2)
            measurements.count(named: "socketio.error_events.chat:error: rate limit <b>\"x\"</b>")
            measurements.count(Metric.errorEvents.id)
        }
        var metrics = MetricsReport(
            measurements, catalog: catalog, seconds: 10, period: report.startedAtMilliseconds + Int64(period) * 10_000,
            startedAt: report.startedAtMilliseconds)
        metrics.activeUsers = Int(load * 12)
        report.intermediate.append(metrics)
        aggregate.merge(measurements)
    }
    report.aggregate = MetricsReport(
        aggregate, catalog: catalog, seconds: report.seconds, period: report.startedAtMilliseconds, startedAt: report.startedAtMilliseconds)
    for metric in [Metric.responseTime, .serviceTime] { report.histograms[metric.name] = aggregate[histogram: metric.id] }
    report.steps = [
        RunReport.Step(index: 0, label: "join", summary: report.aggregate.summaries["steps.0.response_time"]),
        RunReport.Step(index: 1, label: "think", summary: nil),
    ]
    var audit = DeliveryAudit.Report()
    audit.rooms = [DeliveryAudit.RoomReport(room: "r1", sent: 100, delivered: 297, lost: 2, doubled: 1, outOfOrder: 0)]
    audit.lost = [
        DeliveryAudit.Message(room: "r1", receiver: 3, sender: 1, sequence: 41), .init(room: "r1", receiver: 3, sender: 1, sequence: 42),
    ]
    audit.doubled = [DeliveryAudit.Message(room: "r1", receiver: 2, sender: 1, sequence: 7)]
    report.audit = audit
    var health = GeneratorHealth()
    health.cpuSeconds = 42
    health.wallSeconds = report.seconds
    for value in 1...100 { health.loopLag.record(.microseconds(value * 10)) }
    health.scheduleSlip.record(.milliseconds(1))
    report.health = health
    if let histogram = report.histograms[Metric.responseTime.name] {
        report.apdex = ApdexScore(histogram, failures: 3, thresholdMilliseconds: 15)
    }
    report.verdict = Verdict(ensure, of: report.aggregate)
    return report
}
