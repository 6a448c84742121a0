import NIOConcurrencyHelpers
import NIOCore
import RedisCore
import RedisTesting
import Testing

@testable import LoadTesting

/// The coordinator of a run and the machines that play it, over Redis in memory. Users are played in this process.
@Suite("Runs over several machines", .timeLimit(.minutes(10)))
struct LiveMachineRunTests {
    /// Plays assignments in this process, and remembers them.
    private final class Players: Sendable {
        private let state = NIOLockedValueBox<(assignments: [WorkerAssignment], runs: [LoadRun])>(([], []))
        var assignments: [WorkerAssignment] { state.withLockedValue(\.assignments) }

        func player(ends: Bool = true) -> MachineWorker.Player {
            MachineWorker.Player(
                start: { assignments in
                    let (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
                    self.state.withLockedValue { $0.assignments += assignments }
                    var runs: [LoadRun] = []
                    for assignment in assignments {
                        var observer = LoadRunObserver()
                        observer.told = { continuation.yield(WorkerEvent(worker: assignment.share.index, .told($0))) }
                        runs.append(try assignment.run(observer: observer))
                    }
                    self.state.withLockedValue { [runs] in $0.runs += runs }
                    Task { [runs] in
                        for run in runs { _ = try await run.run() }
                        continuation.finish()
                    }
                    return events
                },
                stop: { for run in self.state.withLockedValue(\.runs) { run.stop() } },
                prepare: { assignment, _ in assignment.eventLoops = 1 })
        }
    }

    private static let payload = "ann\nben\ncy\n"

    private func source(_ url: String, flow steps: String, config: String) -> ScriptSource {
        var options = ScriptOptions()
        options.target = url
        options.processEnvironment = ["SECRET": "s", "ROOM": "r1"]
        let text = flow(steps, config: config + "\ntimeout: 600\npayload: {path: users.csv, fields: [name], order: sequence}")
        return ScriptSource(file: "shared.yml", text: text, directory: "", options: options)
    }

    private func machine(_ redis: InMemoryRedis, _ name: String, _ players: Players) -> Task<Void, any Error> {
        let worker = MachineWorker(
            redis: redis.session(), waiting: redis.session(), name: name, version: "1", player: players.player(), note: { _ in })
        return Task { try await worker.serve() }
    }

    /// Distributes a run as `dunlin run --redis` does it.
    private func share(
        _ source: ScriptSource, _ redis: InMemoryRedis, machines: Int, workers: Int = 1,
        patience: MachineRoster.Patience = .init(volunteer: .seconds(300), join: .seconds(300), player: .seconds(300)),
        begun: @escaping @Sendable (MachineCoordinator) -> Void = { _ in }
    ) async throws -> (report: RunReport, team: MachineCoordinator.Team) {
        let script = try source.script()
        let options = LoadRunOptions(seed: 4, startedAtMilliseconds: 1_764_140_000_000)
        let coordinator = MachineCoordinator(
            redis: redis.session(), waiting: redis.session(), MachineRoster(wanted: machines, version: "1", patience: patience),
            leadTime: .zero, note: { _ in })
        let team = try await coordinator.gather()
        var assignment = WorkerAssignment(source.portable, options: options, isVerbose: false, captured: .none)
        assignment.payloads = [Self.payload]
        #expect(try await coordinator.begin(team, assignment, workers: workers).isEmpty)
        begun(coordinator)
        let (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        let listening = Task { await coordinator.listen(continuation, workers: workers) }
        let merger = await SharedRun.follow(
            events, WorkerMerger(script, options: options, workers: machines * workers), observer: LoadRunObserver())
        listening.cancel()
        await listening.value
        await coordinator.close()
        return (merger.report(), team)
    }

    /// Answers `a` by an acknowledgement.
    private static func server() -> OddServer.Answer {
        let open = #"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}"#
        return .webSocket(greeting: [open]) { text in
            if text == "40" { return [#"40{"sid":"y"}"#] }
            let id = text.dropFirst(2).prefix { $0.isNumber }
            return text.hasPrefix("42") && !id.isEmpty ? ["43\(id)[true]"] : []
        }
    }

    @Test("machines share arrivals, rows and numbers, begin together, and their histograms are merged")
    func whole() async throws {
        let redis = InMemoryRedis()
        let players = Players()
        let machines = ["one", "two"].map { machine(redis, $0, players) }
        try await OddServer.with { _ in
            Self.server()
        } _: { server in
            let source = source(
                server.url, flow: "- emit: [a, \"{{ name }}\", \"{{ $env.ROOM }}\"]\n  acknowledge: true",
                config: users(7, "socketio: {transports: [websocket]}"))
            let (report, team) = try await share(source, redis, machines: 2, workers: 2)
            #expect(Set(team.machines) == ["one", "two"] && !team.joins)
            #expect(report.verdict.exitStatus == .passed, "\(report.aggregate.counters) \(report.headlines)")
            #expect(report.aggregate.counter(.created) == 7 && report.aggregate.counter(.completed) == 7)
            #expect(report.histograms["socketio.response_time"]?.count == 7)
            #expect(report.workers == 4 && report.lostWorkers.isEmpty)
        }
        let assignments = players.assignments.sorted { $0.share.index < $1.share.index }
        #expect(assignments.map(\.share) == (0..<4).map { WorkerShare(index: $0, of: 4) })
        // Both machines are this one, so they have one clock.
        let starts = assignments.map(\.startUptimeNanoseconds)
        #expect((starts.max() ?? 0) - (starts.min() ?? 0) < 60_000_000_000)
        // Only what the script reads of the environment leaves the machine.
        #expect(assignments.allSatisfy { $0.source.options.processEnvironment == ["ROOM": "r1"] && $0.payloads == [Self.payload] })
        for machine in machines {
            machine.cancel()
            _ = await machine.result
        }
        #expect(try await redis.session().scan(matching: "dunlin:load:*").keys == [RunBoard.runs])
    }

    @Test("if too few machines come in time, the run is given up with their number, and nothing of it is left")
    func tooFew() async throws {
        let redis = InMemoryRedis()
        let coordinator = MachineCoordinator(
            redis: redis.session(), waiting: redis.session(),
            MachineRoster(wanted: 3, version: "1", patience: .init(gathering: .zero)), leadTime: .zero, note: { _ in })
        do {
            let team = try await coordinator.gather()
            Issue.record("it began with \(team)")
        } catch let failure as MachineCoordinator.Failure {
            #expect(failure.description.hasPrefix("only 0 of 3 machines came"))
        }
        await coordinator.close()
        #expect(try await redis.session().scan(matching: "dunlin:load:*").keys == [RunBoard.runs])
    }

    @Test("a stop ends the users of all machines, and what was measured until then is reported")
    func stop() async throws {
        let redis = InMemoryRedis()
        let players = Players()
        let machine = machine(redis, "one", players)
        try await OddServer.with { _ in
            Self.server()
        } _: { server in
            let source = source(
                server.url, flow: "- emit: a\n  acknowledge: true\n- think: 600", config: users(3, "socketio: {transports: [websocket]}"))
            let (report, _) = try await share(source, redis, machines: 1) { coordinator in Task { await coordinator.stop() } }
            #expect(report.lostWorkers.isEmpty && report.aggregate.counter(.failed) == 0)
        }
        machine.cancel()
        _ = await machine.result
    }

    @Test("a machine plays one run after the other")
    func again() async throws {
        let redis = InMemoryRedis()
        let players = Players()
        let machine = machine(redis, "one", players)
        try await OddServer.with { _ in
            Self.server()
        } _: { server in
            for _ in 0..<2 {
                let source = source(
                    server.url, flow: "- emit: a\n  acknowledge: true", config: users(2, "socketio: {transports: [websocket]}"))
                let (report, _) = try await share(source, redis, machines: 1)
                #expect(report.aggregate.counter(.completed) == 2)
            }
        }
        #expect(players.assignments.count == 2)
        machine.cancel()
        _ = await machine.result
    }

    @Test("a text of several chunks arrives whole, and beyond the limit it is refused")
    func chunks() async throws {
        let redis = InMemoryRedis()
        let board = RunBoard(id: "x", redis: redis.session(), waiting: redis.session())
        let source = ScriptSource(file: "a", text: flow("- think: 1"), directory: "", options: ScriptOptions())
        var assignment = WorkerAssignment(
            source, options: LoadRunOptions(seed: 1, startedAtMilliseconds: 0), isVerbose: false, captured: .none)
        assignment.payloads = [String(repeating: "ä", count: RunBoard.chunkBytes)]
        try await board.publish(assignment)
        #expect(try await board.readAssignment().payloads == assignment.payloads)
        assignment.payloads = [String(repeating: "x", count: RunBoard.maximumAssignmentBytes)]
        await #expect(throws: MachineCoordinator.Failure.self) { try await board.publish(assignment) }
    }

    @Test("a machine leaves a run that shows no sign of life, and comes back when the run is offered again")
    func quietCoordinator() async throws {
        let redis = InMemoryRedis(time: .stopped(at: 1_764_140_000_000))
        let board = RunBoard(id: "x", redis: redis.session(), waiting: redis.session())
        try await board.announce()
        #expect(try await board.renew())
        let machine = machine(redis, "one", Players())
        var assembler = ReportAssembler()
        var last = "0-0"
        func reports() async throws -> [MachineReport] {
            let (entries, read) = try await board.readReports(after: last, waiting: .seconds(600))
            last = read
            return entries.compactMap { assembler.take($0)?.report }
        }
        func next(_ isWanted: (MachineReport) -> Bool) async throws {
            while try await !reports().contains(where: isWanted) {}
        }
        try await next { if case .volunteer("one", "1") = $0 { true } else { false } }
        redis.advance(by: RunBoard.openTime + .seconds(1))
        try await next { if case .left = $0 { true } else { false } }
        #expect(try await !board.renew())
        try await board.offer()
        try await next { if case .volunteer("one", "1") = $0 { true } else { false } }
        machine.cancel()
        redis.advance(by: .seconds(60))
        _ = await machine.result
    }

    @Test("a report that comes after the end of its run leaves nothing behind")
    func lateReports() async throws {
        let redis = InMemoryRedis()
        let board = RunBoard(id: "x", redis: redis.session(), waiting: redis.session())
        try await board.announce()
        try await board.tell("early", from: "m", number: 0)
        #expect(try await board.readReports(after: "0-0", waiting: .milliseconds(1)).entries.count == 2)
        try await board.remove()
        try await board.tell("late", from: "m", number: 1)
        try await board.keepReports()
        #expect(try await redis.session().scan(matching: "dunlin:load:x:*").keys.isEmpty)
    }

    @Test("a machine's uptime at a time of Redis is found from Redis's clock")
    func clock() async throws {
        let redis = InMemoryRedis(time: .stopped(at: 5_000))
        let before = NIODeadline.now().uptimeNanoseconds
        let uptime = try await RedisTime.uptimeNanoseconds(at: 7_000_000, redis.session())
        let after = NIODeadline.now().uptimeNanoseconds
        #expect((before + 2_000_000_000...after + 2_000_000_000).contains(uptime))
    }
}
