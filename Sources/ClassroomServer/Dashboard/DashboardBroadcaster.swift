import Classroom
import NIOConcurrencyHelpers
import SocketIOCore
import SocketIOServer

/// Sends `dashboard:metrics` to all subscribers from one timer, which runs while there are any. Thread-safe.
final class DashboardBroadcaster: Sendable {
    private struct Subscriber {
        let socket: SocketReference
        let metrics: [DashboardMetric]
        /// Gets every n-th sample.
        let every: Int
        let phase: Int
    }

    private struct State {
        var subscribers: [String: Subscriber] = [:]
        var timer: ScheduledWork?
        /// Rises when the timer begins to run: tells it from one that was cancelled when it had begun.
        var generation = 0
        /// The last sample on its way to the subscribers, which the next one waits for, and how many are.
        var sending: Task<Void, Never>?
        var underWay = 0
        var tick = 0
        /// The last samples, so that an interval's rates are over the interval.
        var samples: [(tick: Int, time: UnixMilliseconds, sample: RuntimeSnapshot)] = []
        var isStopped = false
    }

    private let state = NIOLockedValueBox(State())
    private let clock: any ClassroomClock
    private let configuration: RuntimeConfiguration
    private let sample: @Sendable () -> RuntimeSnapshot
    private let countSessions: @Sendable () async throws -> [SessionStatus: Int]

    /// - Parameter countSessions: all that have not ended, in memory or not.
    init(
        clock: any ClassroomClock, configuration: RuntimeConfiguration, sample: @escaping @Sendable () -> RuntimeSnapshot,
        countSessions: @escaping @Sendable () async throws -> [SessionStatus: Int]
    ) {
        self.clock = clock
        self.configuration = configuration
        self.sample = sample
        self.countSessions = countSessions
    }

    var count: Int { state.withLockedValue { $0.subscribers.count } }

    /// Subscribes, or changes a subscription.
    /// - Returns: the interval in force, a multiple of the configured one.
    func subscribe(_ socket: SocketReference, _ metrics: [DashboardMetric], intervalMs: Int?) throws(ClassroomError) -> Int {
        let base = configuration.dashboardIntervalMs
        let wanted = min(max(intervalMs ?? base, base), configuration.maximumDashboardIntervalMs)
        let every = (wanted + base - 1) / base
        let first = sample()
        let isAccepted = state.withLockedValue { state in
            guard state.subscribers[socket.id] != nil || state.subscribers.count < configuration.maximumDashboardSubscribers else {
                return false
            }
            state.subscribers[socket.id] = Subscriber(socket: socket, metrics: metrics, every: every, phase: state.tick % every)
            if state.timer == nil, !state.isStopped {
                state.samples = [(state.tick, clock.now, first)]
                state.generation += 1
                arm(&state, at: clock.now + Int64(base))
            }
            return true
        }
        guard isAccepted else { throw ClassroomError(.unavailable, "There are too many dashboards", retryAfterMs: 10_000) }
        return every * base
    }

    func unsubscribe(_ socketID: String) {
        state.withLockedValue { state in
            state.subscribers[socketID] = nil
            guard state.subscribers.isEmpty else { return }
            state.timer?.cancel()
            state.timer = nil
        }
    }

    func stop() {
        state.withLockedValue { state in
            state.isStopped = true
            state.timer?.cancel()
            state.timer = nil
        }
    }

    private func arm(_ state: inout State, at time: UnixMilliseconds) {
        let generation = state.generation
        state.timer = clock.schedule(at: time) { [weak self] in self?.fire(generation) }
    }

    private func fire(_ generation: Int) {
        let now = clock.now
        let sample = sample()
        state.withLockedValue { state in
            guard state.timer != nil, state.generation == generation else { return }
            arm(&state, at: now + Int64(configuration.dashboardIntervalMs))
            // A database that hangs costs samples, not memory.
            guard state.underWay < configuration.maximumDashboardSamplesUnderWay else { return }
            state.underWay += 1
            let previous = state.sending
            state.sending = Task {
                await previous?.value
                await self.complete(sample, at: now, generation)
            }
        }
    }

    private func complete(_ sample: RuntimeSnapshot, at now: UnixMilliseconds, _ generation: Int) async {
        var sample = sample
        // Without an answer of the database, those in memory are the best that is known.
        if let sessions = try? await countSessions() {
            sample.waitingSessions = sessions[.waiting] ?? 0
            sample.activeSessions = sessions[.active] ?? 0
        }
        send(sample, at: now, generation)
        state.withLockedValue { $0.underWay -= 1 }
    }

    private func send(_ sample: RuntimeSnapshot, at now: UnixMilliseconds, _ generation: Int) {
        let (due, samples) = state.withLockedValue { state -> ([Subscriber], [(Int, UnixMilliseconds, RuntimeSnapshot)]) in
            guard state.timer != nil, state.generation == generation else { return ([], []) }
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
