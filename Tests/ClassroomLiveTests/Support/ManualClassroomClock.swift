import Classroom
import ClassroomLive
import Dispatch
import NIOConcurrencyHelpers

/// A clock that a test moves. Timers fire one after another on a queue of the clock's.
final class ManualClassroomClock: ClassroomClock {
    private struct Timer {
        let id: Int
        let time: UnixMilliseconds
        let work: @Sendable () -> Void
    }

    private struct State {
        var now: UnixMilliseconds
        /// Timers up to here fire as soon as they are armed.
        var horizon: UnixMilliseconds
        var timers: [Timer] = []
        var nextID = 0
    }

    private let state: NIOLockedValueBox<State>
    private let queue = DispatchQueue(label: "manual clock")

    init(now: UnixMilliseconds = 1_800_000_000_000) { state = NIOLockedValueBox(State(now: now, horizon: now)) }

    var now: UnixMilliseconds { state.withLockedValue { $0.now } }
    var armed: Int { state.withLockedValue { $0.timers.count } }

    func schedule(at time: UnixMilliseconds, _ work: @escaping @Sendable () -> Void) -> ScheduledWork {
        let id = state.withLockedValue { state in
            state.nextID += 1
            state.timers.append(Timer(id: state.nextID, time: max(time, state.now), work: work))
            return state.nextID
        }
        queue.async { [self] in fireDue() }
        return ScheduledWork { [self] in state.withLockedValue { $0.timers.removeAll { $0.id == id } } }
    }

    /// Lets this much time pass. Timers that are armed because of those that fire are part of it, however late they are armed.
    func advance(by milliseconds: Int64) {
        state.withLockedValue { $0.horizon = max($0.horizon, $0.now) + milliseconds }
        queue.sync { fireDue() }
    }

    /// The time is that up to which it was advanced.
    func settle() { state.withLockedValue { $0.now = max($0.now, $0.horizon) } }

    private func fireDue() {
        while true {
            let due = state.withLockedValue { state -> Timer? in
                let first = state.timers.min { ($0.time, $0.id) < ($1.time, $1.id) }
                guard let next = first, next.time <= state.horizon else { return nil }
                state.timers.removeAll { $0.id == next.id }
                state.now = max(state.now, next.time)
                return next
            }
            guard let due else { return }
            due.work()
        }
    }
}
