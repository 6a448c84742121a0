import Dispatch
import LoadTesting

/// Plays one run with several processes, of this machine and of others, as if one played it.
final class SharedRunPlayer: Sendable {
    private let loaded: LoadedScript
    private let settings: LoadRunOptions
    private let observer: LoadRunObserver
    private let workers: Int
    private let isVerbose: Bool
    private let redis: (url: String, machines: Int)?
    private let current = CurrentPart()

    /// - Parameters:
    ///   - settings: of the whole run.
    ///   - workers: processes per machine.
    ///   - redis: Nil if this machine plays alone.
    init(
        loaded: LoadedScript, settings: LoadRunOptions, observer: LoadRunObserver, workers: Int, isVerbose: Bool,
        redis: (url: String, machines: Int)?
    ) {
        self.loaded = loaded
        self.settings = settings
        self.observer = observer
        self.workers = workers
        self.isVerbose = isVerbose
        self.redis = redis
    }

    /// Lets all users end. May be called before the run has begun.
    func stop() { current.stop() }

    func play() async throws -> RunReport {
        guard let redis else { return try await withHooks { try await self.playHere($0) } }
        let connection = try await RedisConnection.open(redis.url)
        let coordinator = MachineCoordinator(
            redis: connection.commands, waiting: connection.waiting, machines: redis.machines, version: DunlinVersion.current,
            note: { Terminal.error($0) })
        let report: Result<RunReport, any Error>
        do {
            report = .success(try await play(coordinator))
        } catch let failure as MachineCoordinator.Failure {
            report = .failure(CommandFailure(.unavailable, failure.description))
        } catch {
            report = .failure(error)
        }
        await coordinator.close()
        await connection.close()
        return try report.get()
    }

    private func play(_ coordinator: MachineCoordinator) async throws -> RunReport {
        _ = current.begin { Task { await coordinator.stop() } }
        let team = try await coordinator.gather()
        return try await withHooks { try await self.play($0, coordinator, team) }
    }

    /// Plays `before` once, then the body with all users, then `after` once. This process plays both.
    private func withHooks(_ body: (HookOutcome) async throws -> WorkerMerger?) async throws -> RunReport {
        let hooks = LoadRunHooks(loaded.script, payloads: loaded.payloads, options: settings, log: observer.log)
        do {
            _ = current.begin { hooks.stop() }
            let before = try await hooks.before()
            var outcomes = [before]
            var merger = WorkerMerger(loaded.script, options: settings, workers: 0)
            if !before.hasFailed, let played = try await body(before) {
                merger = played
                _ = current.begin { hooks.stop() }
                outcomes.append(try await hooks.after(before))
            }
            try await hooks.close()
            return merger.report(hooks: outcomes)
        } catch {
            try? await hooks.close()
            throw error
        }
    }

    private func assignment(_ before: HookOutcome) -> WorkerAssignment {
        WorkerAssignment(loaded.source, options: settings, isVerbose: isVerbose, captured: before)
    }

    // MARK: This machine alone

    /// - Returns: nil if the run was stopped before it began.
    private func playHere(_ before: HookOutcome) async throws -> WorkerMerger? {
        let processes = WorkerProcesses()
        guard current.begin({ processes.stop() }) else { return nil }
        var assignment = self.assignment(before)
        // Time for the processes to start.
        assignment.startUptimeNanoseconds = DispatchTime.now().uptimeNanoseconds + 1_000_000_000
        let (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        try processes.start(assignment.divided(.whole, workers: workers), continuation)
        let merger = WorkerMerger(loaded.script, options: settings, workers: workers)
        return await SharedRun.follow(events, merger, observer: observer)
    }

    // MARK: With other machines

    private func play(_ before: HookOutcome, _ coordinator: MachineCoordinator, _ team: MachineCoordinator.Team) async throws
        -> WorkerMerger?
    {
        let processes = WorkerProcesses()
        let goesOn = current.begin {
            processes.stop()
            Task { await coordinator.stop() }
        }
        guard goesOn else { return nil }
        var assignment = self.assignment(before)
        assignment.source = assignment.source.portable
        assignment.payloads = try LoadedScript.complaining { () throws(Diagnostics) in
            try PayloadRows.texts(of: self.loaded.script, directory: self.loaded.source.directory)
        }
        let workers = self.workers
        let own = try await coordinator.begin(team, assignment, workers: workers)
        let names = team.machines.map { "'\($0)'" } + (team.joins ? ["this one"] : [])
        Terminal.error("playing with \(names.count) machines: \(names.joined(separator: ", "))")
        let (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        try processes.start(own, continuation)
        let listening = Task { await coordinator.listen(continuation, workers: workers) }
        let merger = WorkerMerger(loaded.script, options: settings, workers: names.count * workers)
        let merged = await SharedRun.follow(events, merger, observer: observer)
        listening.cancel()
        await listening.value
        return merged
    }
}
