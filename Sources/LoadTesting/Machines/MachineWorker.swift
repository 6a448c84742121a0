import NIOCore
public import RedisCore

/// A machine that takes part in runs that are distributed through Redis, one after the other.
public struct MachineWorker: Sendable {
    /// Plays assignments with a process each.
    public struct Player: Sendable {
        /// Starts the processes. Their messages come as events, and the stream ends with the last process.
        public var start: @Sendable ([WorkerAssignment]) throws -> AsyncStream<WorkerEvent>
        /// Ends all users.
        public var stop: @Sendable () -> Void
        /// Sets this machine's own values, such as its threads. The parameter is the number of its workers.
        public var prepare: @Sendable (inout WorkerAssignment, Int) -> Void

        public init(
            start: @escaping @Sendable ([WorkerAssignment]) throws -> AsyncStream<WorkerEvent>, stop: @escaping @Sendable () -> Void,
            prepare: @escaping @Sendable (inout WorkerAssignment, Int) -> Void
        ) {
            self.start = start
            self.stop = stop
            self.prepare = prepare
        }
    }

    /// The interval between two signs of life.
    private static let beat = Duration.seconds(1)
    /// If a report cannot be delivered for this long, the run is given up.
    private static let redisPatience = Duration.seconds(30)

    let redis: any RedisCommands
    let waiting: any RedisCommands
    let name: String
    let version: String
    let player: Player
    let note: @Sendable (String) -> Void

    /// - Parameters:
    ///   - redis: for commands that do not wait.
    ///   - waiting: another connection, for reads that wait.
    ///   - note: called with messages for the person who watches.
    public init(
        redis: any RedisCommands, waiting: any RedisCommands, name: String, version: String, player: Player,
        note: @escaping @Sendable (String) -> Void
    ) {
        self.redis = redis
        self.waiting = waiting
        self.name = name
        self.version = version
        self.player = player
        self.note = note
    }

    /// Takes part in runs until the task is cancelled. A run under way is ended properly then.
    public func serve() async throws {
        note("waiting for a run")
        var last = "0-0"
        while !Task.isCancelled {
            let entries: [RedisStreamEntry]
            do {
                entries = try await waiting.readStream(RunBoard.runs, after: last, waiting: .seconds(1))
            } catch {
                if Task.isCancelled { return }
                // The client reconnects by itself; a command that was refused at once must not be repeated without a pause.
                try? await Task.sleep(for: .milliseconds(200))
                continue
            }
            for entry in entries {
                guard let id = entry["run"].map({ String(buffer: $0) }), !Task.isCancelled else {
                    last = entry.id
                    continue
                }
                let board = RunBoard(id: id, redis: redis, waiting: waiting)
                // While Redis does not answer, nobody knows whether the run is over, so the entry is read again.
                guard let isOpen = try? await board.isOpen() else { break }
                last = entry.id
                guard isOpen else { continue }
                do {
                    try await join(board)
                } catch {
                    if !Task.isCancelled { note("the run was given up: \(error)") }
                }
                if !Task.isCancelled { note("waiting for a run") }
            }
        }
    }

    // MARK: One run

    private func join(_ board: RunBoard) async throws {
        let teller = Teller(board, machine: String(UInt64.random(in: .min ... .max), radix: 36), patience: Self.redisPatience)
        try await teller.tell(.volunteer(name: name, version: version))
        let beginning: Beginning?
        do {
            beginning = try await self.beginning(board, teller)
        } catch {
            try? await teller.tell(.left)
            throw error
        }
        if let beginning { try await play(board, teller, beginning) }
    }

    private struct Beginning {
        var order: MachineBegin
        /// This machine's workers.
        var share: Int
        /// The last order that was read.
        var last: String
    }

    /// Waits for the order to begin.
    ///
    /// - Returns: nil if the run is over, or if others play it.
    private func beginning(_ board: RunBoard, _ teller: Teller) async throws -> Beginning? {
        var last = "0-0"
        while try await board.isOpen() {
            let (orders, read) = try await board.readOrders(after: last, waiting: Self.beat)
            last = read
            if let order = orders.first {
                guard case .begin(let order) = order, let share = order.machines.firstIndex(of: teller.machine) else { return nil }
                // Orders behind the order to begin are for the players and are read again.
                return Beginning(order: order, share: share, last: "0-0")
            }
            try await teller.tell(.alive)
        }
        // Closed, or its coordinator was quiet for too long: then it will be offered again.
        try await teller.tell(.left)
        return nil
    }

    private func play(_ board: RunBoard, _ teller: Teller, _ beginning: Beginning) async throws {
        let order = beginning.order
        var assignment = try await board.readAssignment()
        assignment.startUptimeNanoseconds = try await RedisTime.uptimeNanoseconds(at: order.startMicroseconds, redis)
        player.prepare(&assignment, order.workers)
        note("playing share \(beginning.share + 1) of \(order.shares) of \(assignment.source.file)")
        let events = try player.start(
            assignment.divided(WorkerShare(index: beginning.share, of: order.shares), workers: order.workers))
        let watch = Task { await self.watch(board, teller, ordersAfter: beginning.last) }
        defer { watch.cancel() }
        // The workers' last messages are delivered even if this machine is told to leave.
        let forwarding = Task {
            for await event in events {
                switch event.kind {
                case .told(let message): try await teller.tell(.told(worker: event.worker, message))
                case .ended(let reason): try await teller.tell(.ended(worker: event.worker, reason: reason))
                }
            }
        }
        do {
            try await withTaskCancellationHandler {
                try await forwarding.value
            } onCancel: {
                player.stop()
            }
        } catch {
            // Nobody receives them any more.
            player.stop()
            for await _ in events {}
            throw error
        }
        note("the run is over")
    }

    /// Sends signs of life, and ends the users on an order or when the coordinator is gone.
    private func watch(_ board: RunBoard, _ teller: Teller, ordersAfter first: String) async {
        var last = first
        var lastOpen = ContinuousClock.now
        while !Task.isCancelled {
            do {
                let (orders, read) = try await board.readOrders(after: last, waiting: Self.beat)
                last = read
                if orders.contains(where: { if case .stop = $0 { true } else { false } }) { player.stop() }
                try await board.keepReports()
                if try await board.isOpen() { lastOpen = .now } else { player.stop() }
                try await teller.tell(.alive)
            } catch {
                if ContinuousClock.now - lastOpen > Self.redisPatience { return player.stop() }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}

/// Delivers one machine's reports in order, and retries each until Redis has it.
private actor Teller {
    private let board: RunBoard
    private let patience: Duration
    nonisolated let machine: String
    private var number = 0
    /// The report under way. The next one waits for it, so that numbers arrive in order.
    private var previous: Task<Void, any Error>?

    init(_ board: RunBoard, machine: String, patience: Duration) {
        self.board = board
        self.machine = machine
        self.patience = patience
    }

    func tell(_ report: MachineReport) async throws {
        let text = try RunBoard.text(report)
        let number = self.number
        self.number += 1
        let before = previous
        let task = Task { [board, machine, patience] in
            // If an earlier report could not be delivered, the run has been given up.
            try await before?.value
            try await Self.send(text, number, board, machine, patience)
        }
        previous = task
        try await task.value
    }

    private static func send(_ text: String, _ number: Int, _ board: RunBoard, _ machine: String, _ patience: Duration) async throws {
        let start = ContinuousClock.now
        while true {
            do {
                return try await board.tell(text, from: machine, number: number)
            } catch {
                guard ContinuousClock.now - start < patience else { throw error }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
