import Testing

@testable import LoadTesting

@Suite("Workers")
struct WorkerTests {
    private func starts(_ phases: [Phase], _ share: WorkerShare) -> [UserStart] {
        var schedule = LoadSchedule(phases: phases, weights: [1, 2], seed: 5, share: share)
        return schedule.advance(to: RunInstant(nanoseconds: 3_600_000_000_000)).compactMap {
            if case .start(let start) = $0 { start } else { nil }
        }
    }

    @Test("workers together start exactly the users of one process, with the same scenarios and times", arguments: [2, 3, 7])
    func arrivals(count: Int) {
        let phases = [
            Phase(duration: .seconds(30), load: .rate(from: 1, to: 9)), Phase(duration: .seconds(10), load: .count(13), spacing: .poisson),
        ]
        let whole = starts(phases, .whole)
        let parts = (0..<count).flatMap { starts(phases, WorkerShare(index: $0, of: count)) }
        #expect(parts.sorted { $0.user < $1.user } == whole)
        #expect(whole.count == 163)
    }

    @Test("fixed numbers of users are divided without loss, and no two workers share a user's number")
    func closed() {
        let phases = [Phase(duration: .seconds(5), load: .users(from: 10, to: 10))]
        let parts = (0..<4).map { starts(phases, WorkerShare(index: $0, of: 4)) }
        #expect(parts.map(\.count).sorted() == [2, 2, 3, 3])
        #expect(Set(parts.joined().map(\.user)).count == 10)
        for total in 0...20 { #expect((0..<3).reduce(0) { $0 + WorkerShare(index: $1, of: 3).part(of: total) } == total) }
        let capped = WorkerShare(index: 0, of: 2).phases([Phase(duration: .seconds(1), load: .count(9), maximumUsers: 5)])
        #expect(capped[0].maximumUsers == 2)
    }

    private func period(_ number: Int, _ milliseconds: [Int], _ catalog: MetricCatalog) -> WorkerMessage {
        var measurements = Measurements(catalog: catalog)
        measurements.touch(RunInstant(nanoseconds: Int64(number) * 1_000_000_000 + 5))
        for value in milliseconds {
            measurements.count(Metric.emits.id)
            measurements.record(Metric.responseTime.id, nanoseconds: Int64(value) * 1_000_000)
        }
        measurements.count(named: "errors.x")
        return .period(WorkerPeriod(number: number, measurements: measurements, activeUsers: 2))
    }

    private func end(_ audit: DeliveryAudit = DeliveryAudit()) -> WorkerMessage {
        var health = GeneratorHealth()
        health.cpuSeconds = 1
        health.wallSeconds = 2
        health.loopLag.record(.milliseconds(3))
        return .ended(WorkerEnd(seconds: 2, health: health, audit: audit))
    }

    /// As the pipe carries it.
    private func carried(_ message: WorkerMessage) throws -> WorkerMessage {
        let line = message.line
        #expect(!line.contains("\n"))
        return try #require(WorkerMessage(line: line))
    }

    private func merger() throws -> WorkerMerger {
        let script = try parse(flow("- emit: a", config: "phases: [{duration: 2, arrivalRate: 1}]"))
        return WorkerMerger(script, options: LoadRunOptions(seed: 1, startedAtMilliseconds: 0), workers: 2)
    }

    @Test("histograms are merged, not percentiles; a period is complete when every worker has told it")
    func merging() throws {
        var merger = try merger()
        let first = try carried(period(0, Array(repeating: 1, count: 99), merger.catalog))
        #expect(merger.receive(first, from: 0).isEmpty)
        let reports = merger.receive(try carried(period(0, [1000], merger.catalog)), from: 1)
        #expect(reports.map { $0.counter(.emits) } == [100] && reports[0].activeUsers == 4)
        // The mean of both workers' medians would be half a second.
        #expect(reports[0].summaries["socketio.response_time"]?.p50 == 1)
        #expect(reports[0].summaries["socketio.response_time"]?.maximum == 1000)
        #expect(merger.receive(try carried(end()), from: 0).isEmpty && !merger.isDone)
        #expect(merger.receive(try carried(period(1, [2], merger.catalog)), from: 1).count == 1)
        _ = merger.receive(try carried(end()), from: 1)
        #expect(merger.isDone)
        let report = merger.report()
        #expect(report.aggregate.counter(.emits) == 101 && report.aggregate.counters["errors.x"] == 3)
        #expect(report.health?.eventLoops == 2 && report.health?.cpuSeconds == 2 && report.health?.loopLag.count == 2)
        #expect(report.workers == 2 && report.lostWorkers.isEmpty)
    }

    @Test("a message that one worker sent and another received is audited over both")
    func audit() throws {
        let script = try parse(
            flow("- emit: [say, \"{{ $auditTag('r') }}\"]", config: "phases: [{duration: 2, arrivalRate: 1}]"))
        var merger = WorkerMerger(script, options: LoadRunOptions(seed: 1, startedAtMilliseconds: 0), workers: 2)
        func tag(_ number: Int) -> AuditTag { AuditTag(room: "r", sender: 0, sequence: number, sentAtNanoseconds: Int64(number)) }
        var sender = DeliveryAudit(), receiver = DeliveryAudit()
        for number in 1...4 { sender.sent(tag(number)) }
        for number in [1, 2, 4, 4] { receiver.received(tag(number), by: 1, at: RunInstant(nanoseconds: 100)) }
        _ = merger.receive(try carried(end(sender)), from: 0)
        _ = merger.receive(try carried(end(receiver)), from: 1)
        let audit = try #require(merger.report().audit)
        #expect(audit.lost.map(\.sequence) == [3] && audit.doubled.map(\.sequence) == [4])
        #expect(audit.rooms.map { [$0.sent, $0.delivered] } == [[4, 3]])
    }

    @Test("a lost worker is named before the figures, holds nobody up, and fails the run")
    func lost() throws {
        var merger = try merger()
        var progress = WorkerProgress()
        progress.activeUsers = 7
        _ = merger.receive(try carried(.progress(progress)), from: 1)
        #expect(merger.receive(period(0, [1], merger.catalog), from: 0).isEmpty)
        #expect(merger.exited(1, reason: "signal 9", after: 1.5).count == 1)
        _ = merger.receive(end(), from: 0)
        #expect(merger.exited(0, reason: "exit status 0", after: 2).isEmpty)
        let report = merger.report()
        #expect(report.headlines.first?.hasPrefix("worker 2 of 2 was lost after 1.5 s (signal 9): its 7 virtual users") == true)
        #expect(report.verdict.exitStatus == .failed && report.aggregate.counter(.emits) == 1)
    }
}
