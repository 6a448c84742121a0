import DequeModule
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// A change of a server's rooms. The own room of each socket, its id, is not among them.
public enum RoomEvent: Sendable, Hashable {
    /// The first socket enters the room.
    case created(room: String)
    case joined(room: String, socket: String)
    case left(room: String, socket: String)
    /// The last socket has left it.
    case deleted(room: String)
}

/// The rooms of a server: each loop knows its own members, this knows which rooms any loop has.
final class RoomDirectory: Sendable {
    private struct State {
        /// On how many loops each room has members.
        var loops: [String: Int] = [:]
        var observers: [@Sendable (RoomEvent) -> Void] = []
        /// Events that no observer has been told of yet.
        var events: Deque<RoomEvent> = []
        var isTelling = false
        var isBehind = false
    }

    private let state = NIOLockedValueBox(State())
    private let backlog: Backlog
    private let maximumEvents: Int
    /// Without one, only what changes the set of rooms takes the lock.
    private let hasObservers = Atomic(false)

    /// - Parameter maximumEvents: while more wait for the observers, no loop takes packets from its clients.
    init(backlog: Backlog, maximumEvents: Int) {
        self.backlog = backlog
        self.maximumEvents = maximumEvents
    }

    func contains(_ room: String) -> Bool { state.withLockedValue { $0.loops[room] != nil } }

    func observe(_ observer: @escaping @Sendable (RoomEvent) -> Void) {
        state.withLockedValue { $0.observers.append(observer) }
        hasObservers.store(true, ordering: .relaxed)
    }

    func joined(_ room: String, _ socket: String, isFirstOfLoop: Bool, on loop: any EventLoop) {
        guard isFirstOfLoop || hasObservers.load(ordering: .relaxed) else { return }
        let mustTell = state.withLockedValue { state in
            var events: [RoomEvent] = []
            if isFirstOfLoop {
                let count = state.loops[room, default: 0] + 1
                state.loops[room] = count
                if count == 1 { events.append(.created(room: room)) }
            }
            return note(events + [.joined(room: room, socket: socket)], &state)
        }
        if mustTell { loop.execute { self.tell() } }
    }

    func left(_ room: String, _ socket: String, isLastOfLoop: Bool, on loop: any EventLoop) {
        guard isLastOfLoop || hasObservers.load(ordering: .relaxed) else { return }
        let mustTell = state.withLockedValue { state in
            var events = [RoomEvent.left(room: room, socket: socket)]
            if isLastOfLoop, let count = state.loops[room] {
                state.loops[room] = count > 1 ? count - 1 : nil
                if count == 1 { events.append(.deleted(room: room)) }
            }
            return note(events, &state)
        }
        if mustTell { loop.execute { self.tell() } }
    }

    /// Returns whether somebody must tell the observers.
    private func note(_ events: [RoomEvent], _ state: inout State) -> Bool {
        guard !state.observers.isEmpty else { return false }
        state.events.append(contentsOf: events)
        if !state.isBehind, state.events.count > maximumEvents {
            state.isBehind = true
            backlog.began()
        }
        defer { state.isTelling = true }
        return !state.isTelling
    }

    /// In a task of its own: an observer may do as it likes with sockets and rooms. One loop at a time tells, so that the order is kept.
    private func tell() {
        while true {
            let (events, observers) = state.withLockedValue { state in
                let events = state.events
                state.events = []
                if state.isBehind {
                    state.isBehind = false
                    backlog.ended()
                }
                if events.isEmpty { state.isTelling = false }
                return (events, state.observers)
            }
            guard !events.isEmpty else { return }
            for event in events { for observer in observers { observer(event) } }
        }
    }

    /// The namespace ends: observers are let go.
    func end() {
        let dropped = state.withLockedValue { state in
            let dropped = state.observers
            state.observers = []
            return dropped
        }
        // They go outside the lock: what they held may come back here.
        withExtendedLifetime(dropped) {}
    }
}
