import Classroom
import NIOConcurrencyHelpers
import SocketIOCore
import SocketIOServer

/// Sends `dashboard:metrics` to all subscribers from one timer, which runs only while somebody subscribes. Thread-safe.
final class DashboardBroadcaster: Sendable {
    private struct Subscriber {
        let socket: SocketReference
        let userID: String
        let isGuest: Bool
        let metrics: [DashboardMetric]
        /// Gets every n-th sample.
        let every: Int
        let phase: Int
    }

    private struct State {
        var subscribers: [String: Subscriber] = [:]
        /// Subscriptions by user.
        var share: FairShare<String>
        /// Subscriptions of guests.
        var guests = 0
        /// There are subscribers, and samples are taken.
        var isRunning = false
        /// The timer of the next sample, and its time.
        var timer: ScheduledWork?
        var armedUntil: UnixMilliseconds?
        /// Counts the starts of sampling. A timer that fires after its cancellation has an older number.
        var generation = 0
        /// The sample that is being sent, which the next one waits for, and the number of samples under way.
        var sending: Task<Void, Never>?
        var underWay = 0
        var tick = 0
        /// The last samples: a subscriber's rates cover the subscriber's own interval.
        var samples: [(tick: Int, time: UnixMilliseconds, sample: RuntimeSnapshot)] = []
        var isStopped = false

        /// Stops sampling; returns the timer to cancel.
        mutating func halt() -> ScheduledWork? {
            isRunning = false
            armedUntil = nil
            defer { timer = nil }
            return timer
        }
    }

    private let state: NIOLockedValueBox<State>
    private let clock: any ClassroomClock
    private let configuration: RuntimeConfiguration
    private let sample: @Sendable () -> RuntimeSnapshot
    private let countSessions: @Sendable () async throws -> [SessionStatus: Int]

    /// - Parameter countSessions: counts all sessions that have not ended, in memory or not.
    init(
        clock: any ClassroomClock, configuration: RuntimeConfiguration, sample: @escaping @Sendable () -> RuntimeSnapshot,
        countSessions: @escaping @Sendable () async throws -> [SessionStatus: Int]
    ) {
        self.clock = clock
        self.configuration = configuration
        self.sample = sample
        self.countSessions = countSessions
        state = NIOLockedValueBox(
            State(
                share: FairShare(
                    capacity: configuration.maximumDashboardSubscribers, maximumPerKey: configuration.maximumDashboardsPerUser)))
    }

    var count: Int { state.withLockedValue { $0.subscribers.count } }

    /// Adds or changes a subscription.
    /// - Returns: the interval in force, a multiple of the configured one.
    func subscribe(
        _ socket: SocketReference, _ user: User, _ metrics: [DashboardMetric], intervalMs: Int?
    ) throws(ClassroomError) -> Int {
        let base = configuration.dashboardIntervalMs
        let wanted = min(max(intervalMs ?? base, base), configuration.maximumDashboardIntervalMs)
        let every = (wanted + base - 1) / base
        let first = sample()
        let now = clock.now
        let isGuest = user.role == .guest
        let maximumGuests = max(1, configuration.maximumDashboardSubscribers / 20)
        let (refusal, generation) = state.withLockedValue { state -> (FairShare<String>.Refusal?, Int?) in
            if state.subscribers[socket.id] == nil {
                // A new guest costs nothing, so all guests share one limit.
                if isGuest, state.guests >= maximumGuests { return (.capacity, nil) }
                if let refusal = state.share.take(for: user.id) { return (refusal, nil) }
                if isGuest { state.guests += 1 }
            }
            state.subscribers[socket.id] = Subscriber(
                socket: socket, userID: user.id, isGuest: isGuest, metrics: metrics, every: every, phase: state.tick % every)
            guard !state.isRunning, !state.isStopped else { return (nil, nil) }
            state.isRunning = true
            state.samples = [(state.tick, now, first)]
            state.generation += 1
            return (nil, state.generation)
        }
        switch refusal {
        case .key: throw ClassroomError(.unavailable, "You have too many dashboards", retryAfterMs: 10_000)
        case .capacity: throw ClassroomError(.unavailable, "There are too many dashboards", retryAfterMs: 10_000)
        case nil: break
        }
        if let generation { arm(generation, at: now + Int64(base)) }
        return every * base
    }

    func unsubscribe(_ socketID: String) {
        let timer = state.withLockedValue { state -> ScheduledWork? in
            guard let subscriber = state.subscribers.removeValue(forKey: socketID) else { return nil }
            state.share.give(for: subscriber.userID)
            if subscriber.isGuest { state.guests -= 1 }
            return state.subscribers.isEmpty ? state.halt() : nil
        }
        timer?.cancel()
    }

    func stop() {
        let timer = state.withLockedValue { state in
            state.isStopped = true
            return state.halt()
        }
        timer?.cancel()
    }

    /// Sets the next timer. The clock is called after the lock is released.
    private func arm(_ generation: Int, at time: UnixMilliseconds) {
        let timer = clock.schedule(at: time) { [weak self] in self?.fire(generation) }
        let isNeeded = state.withLockedValue { state in
            guard state.isRunning, state.generation == generation else { return false }
            // If it has fired already, it has set the next one.
            if state.armedUntil.map({ $0 < time }) ?? true {
                state.armedUntil = time
                state.timer = timer
            }
            return true
        }
        if !isNeeded { timer.cancel() }
    }

    private func fire(_ generation: Int) {
        let now = clock.now
        let sample = sample()
        let isRunning = state.withLockedValue { state in
            guard state.isRunning, state.generation == generation else { return false }
            // A database that hangs costs samples, not memory.
            guard state.underWay < configuration.maximumDashboardSamplesUnderWay else { return true }
            state.underWay += 1
            let previous = state.sending
            state.sending = Task {
                await previous?.value
                await self.complete(sample, at: now, generation)
            }
            return true
        }
        if isRunning { arm(generation, at: now + Int64(configuration.dashboardIntervalMs)) }
    }

    private func complete(_ sample: RuntimeSnapshot, at now: UnixMilliseconds, _ generation: Int) async {
        var sample = sample
        // If the database does not answer, the sessions in memory are counted.
        if let sessions = try? await countSessions() {
            sample.waitingSessions = sessions[.waiting] ?? 0
            sample.activeSessions = sessions[.active] ?? 0
        }
        send(sample, at: now, generation)
        state.withLockedValue { $0.underWay -= 1 }
    }

    private func send(_ sample: RuntimeSnapshot, at now: UnixMilliseconds, _ generation: Int) {
        let (due, samples) = state.withLockedValue { state -> ([Subscriber], [(Int, UnixMilliseconds, RuntimeSnapshot)]) in
            guard state.isRunning, state.generation == generation else { return ([], []) }
            state.tick += 1
            let tick = state.tick
            let due = state.subscribers.values.filter { tick % $0.every == $0.phase }
            let samples = state.samples
            state.samples.append((tick, now, sample))
            let longest = configuration.maximumDashboardIntervalMs / configuration.dashboardIntervalMs
            if state.samples.count > longest { state.samples.removeFirst(state.samples.count - longest) }
            return (due, samples)
        }
        var bodies: [[DashboardMetric]: [Int: JSONBody]] = [:]
        for subscriber in due {
            let body =
                bodies[subscriber.metrics]?[subscriber.every]
                ?? Self.body(subscriber.metrics, sample, now, samples.suffix(subscriber.every).first)
            bodies[subscriber.metrics, default: [:]][subscriber.every] = body
            subscriber.socket.emit("dashboard:metrics", body)
        }
    }

    private static func body(
        _ metrics: [DashboardMetric], _ sample: RuntimeSnapshot, _ now: UnixMilliseconds,
        _ earlier: (tick: Int, time: UnixMilliseconds, sample: RuntimeSnapshot)?
    ) -> JSONBody {
        JSONBody { writer in
            writer.field("timestamp", now)
            writer.key("metrics")
            writer.object { writer in
                for metric in metrics {
                    let seconds = Double(now - (earlier?.time ?? now)) / 1_000
                    writer.field(metric.rawValue, metric.value(sample, since: earlier?.sample ?? sample, seconds: seconds))
                }
            }
        }
    }
}
