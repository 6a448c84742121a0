import NIOConcurrencyHelpers
public import RedisCore

/// Distributes one run to several machines through Redis Streams, and collects their reports until they have finished.
public final class MachineCoordinator: Sendable {
    public struct Failure: Error, CustomStringConvertible, Sendable {
        public var description: String
    }

    /// The machines that play.
    public struct Team: Sendable {
        /// Names of the machines, in the order of their shares.
        public var machines: [String]
        /// Whether this machine plays the last share.
        public var joins: Bool

        var shares: Int { machines.count + (joins ? 1 : 0) }
    }

    private static let readTime = Duration.milliseconds(500)
    /// How long Redis may be away.
    private static let redisPatience = Duration.seconds(30)

    private let board: RunBoard
    private let state: NIOLockedValueBox<State>
    private let start = ContinuousClock.now
    private let note: @Sendable (String) -> Void
    /// The time between the order to begin and the beginning.
    private let leadTime: Duration

    private struct State {
        var roster: MachineRoster
        var assembler = ReportAssembler()
        var last = "0-0"
        var isStopped = false
        var hasBegun = false
    }

    /// - Parameters:
    ///   - redis: for commands that do not wait.
    ///   - waiting: another connection, for reads that wait.
    ///   - machines: how many play.
    ///   - leadTime: how long machines may take to start their processes.
    ///   - note: called with messages for the person who waits.
    public convenience init(
        redis: any RedisCommands, waiting: any RedisCommands, machines: Int, version: String, leadTime: Duration = .seconds(2),
        note: @escaping @Sendable (String) -> Void
    ) {
        self.init(
            redis: redis, waiting: waiting, MachineRoster(wanted: machines, version: version), leadTime: leadTime, note: note)
    }

    init(
        redis: any RedisCommands, waiting: any RedisCommands, _ roster: MachineRoster, leadTime: Duration,
        note: @escaping @Sendable (String) -> Void
    ) {
        self.leadTime = leadTime
        let id = String(UInt64.random(in: .min ... .max), radix: 36)
        board = RunBoard(id: id, redis: redis, waiting: waiting)
        state = NIOLockedValueBox(State(roster: roster))
        self.note = note
    }

    private var now: Duration { ContinuousClock.now - start }

    // MARK: Before the run

    /// Waits for enough machines.
    ///
    /// - Throws: ``Failure`` if too few machines come in time, or if ``stop()`` is called meanwhile.
    public func gather() async throws -> Team {
        try await board.announce()
        let (wanted, gatheringTime) = state.withLockedValue { ($0.roster.wanted, $0.roster.patience.gathering) }
        var told = -1
        while true {
            if try await !board.renew() { try await board.offer() }
            try await hear { _ in }
            if state.withLockedValue(\.isStopped) { throw Failure(description: "stopped before the run began") }
            switch state.withLockedValue({ $0.roster.choose(at: self.now) }) {
            case .begin(let machines, let joins): return Team(machines: machines.map(\.name), joins: joins)
            case .wait(let have):
                guard now < gatheringTime else {
                    throw Failure(
                        description: "only \(have) of \(wanted) machines came; start 'dunlin worker --redis URL' on each of them")
                }
                if have != told { note("waiting for machines: \(have) of \(wanted)") }
                told = have
            }
        }
    }

    /// Tells the machines when to begin.
    ///
    /// - Parameters:
    ///   - assignment: of the whole run, with the payloads' texts.
    ///   - workers: processes per machine.
    /// - Returns: the assignments of this machine's workers, none if it does not play.
    public func begin(_ team: Team, _ assignment: WorkerAssignment, workers: Int) async throws -> [WorkerAssignment] {
        try await board.publish(assignment)
        let start = try await RedisTime.microseconds(board.redis) + leadTime.nanoseconds / 1_000
        let machines = self.state.withLockedValue { state in
            state.hasBegun = true
            return state.roster.players.map(\.id)
        }
        try await board.give(
            .begin(MachineBegin(machines: machines, shares: team.shares, workers: workers, startMicroseconds: start)))
        guard team.joins else { return [] }
        var own = assignment
        own.startUptimeNanoseconds = try await RedisTime.uptimeNanoseconds(at: start, board.redis)
        return own.divided(WorkerShare(index: team.shares - 1, of: team.shares), workers: workers)
    }

    // MARK: During the run

    /// Collects the machines' reports until the task is cancelled. A machine that is silent for too long is lost, with all its workers.
    public func listen(_ events: AsyncStream<WorkerEvent>.Continuation, workers: Int) async {
        var lastHeard = now
        while !Task.isCancelled {
            do {
                try await board.renew()
                try await hear { events.yield($0) }
                lastHeard = now
            } catch {
                if Task.isCancelled { return }
                // While Redis is away no machine can report, so they are not counted as silent.
                if now - lastHeard < Self.redisPatience { continue }
                let count = state.withLockedValue(\.roster.players.count)
                for worker in 0..<count * workers { events.yield(WorkerEvent(worker: worker, .ended(reason: "Redis is away"))) }
                return
            }
            let patience = state.withLockedValue(\.roster.patience.player)
            for (share, name) in state.withLockedValue({ $0.roster.newlyLost(at: self.now) }) {
                let reason = "machine '\(name)' was silent for \(patience.components.seconds) s"
                for worker in share * workers..<(share + 1) * workers { events.yield(WorkerEvent(worker: worker, .ended(reason: reason))) }
            }
        }
    }

    /// Reads new reports, or waits a moment for them.
    private func hear(_ event: (WorkerEvent) -> Void) async throws {
        let (entries, last) = try await board.readReports(after: self.state.withLockedValue(\.last), waiting: Self.readTime)
        let now = self.now
        var notes: [String] = []
        let heard = self.state.withLockedValue { state in
            state.last = last
            return entries.compactMap { entry -> WorkerEvent? in
                guard let (machine, report) = state.assembler.take(entry) else { return nil }
                state.roster.heard(machine, at: now)
                switch report {
                case .volunteer(let name, let version):
                    if state.hasBegun { return nil }
                    if let refusal = state.roster.volunteered(machine, name: name, version: version, at: now) { notes.append(refusal) }
                case .alive: break
                case .left: state.roster.left(machine)
                case .told(let worker, let message): return WorkerEvent(worker: worker, .told(message))
                case .ended(let worker, let reason): return WorkerEvent(worker: worker, .ended(reason: reason))
                }
                return nil
            }
        }
        for note in notes { self.note(note) }
        for found in heard { event(found) }
    }

    /// Tells all machines to end their users.
    public func stop() async {
        state.withLockedValue { $0.isStopped = true }
        // Machines that cannot be reached notice by themselves that the run is over.
        try? await board.give(.stop)
    }

    /// Removes the run from Redis.
    public func close() async { try? await board.remove() }
}

extension WorkerAssignment {
    /// The assignments of one machine's workers.
    ///
    /// - Parameter share: the machine's share.
    public func divided(_ share: WorkerShare, workers: Int) -> [WorkerAssignment] {
        (0..<workers).map { number in
            var assignment = self
            assignment.share = share.part(number, of: workers)
            return assignment
        }
    }
}
