import DequeModule
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// A change of a server's rooms. A socket's own room, its id, is not reported.
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
        /// The number of loops on which each room has members.
        var loops: [RoomName: Int] = [:]
        var observers: [@Sendable (RoomEvent) -> Void] = []
        /// Events that have not been reported yet.
        var events: Deque<RoomEvent> = []
        var isTelling = false
        var isBehind = false
    }

    private let state = NIOLockedValueBox(State())
    private let backlog: Backlog
    private let maximumEvents: Int
    /// Without an observer, only a change of the set of rooms takes the lock.
    private let hasObservers = Atomic(false)

    /// - Parameter maximumEvents: while more events wait for the observers, no loop takes packets from its clients.
    init(backlog: Backlog, maximumEvents: Int) {
        self.backlog = backlog
        self.maximumEvents = maximumEvents
    }

    func contains(_ room: String) -> Bool { state.withLockedValue { $0.loops[RoomName(room)] != nil } }

    func observe(_ observer: @escaping @Sendable (RoomEvent) -> Void) {
        state.withLockedValue { $0.observers.append(observer) }
        hasObservers.store(true, ordering: .relaxed)
    }

    func joined(_ room: String, _ socket: String, isFirstOfLoop: Bool, on loop: any EventLoop) {
        guard isFirstOfLoop || hasObservers.load(ordering: .relaxed) else { return }
        let name = RoomName(room)
        let mustTell = state.withLockedValue { state in
            var events: [RoomEvent] = []
            if isFirstOfLoop {
                let count = state.loops[name, default: 0] + 1
                state.loops[name] = count
                if count == 1 { events.append(.created(room: room)) }
            }
            return note(events + [.joined(room: room, socket: socket)], &state)
        }
        if mustTell { loop.execute { self.tell() } }
    }

    func left(_ room: String, _ socket: String, isLastOfLoop: Bool, on loop: any EventLoop) {
        guard isLastOfLoop || hasObservers.load(ordering: .relaxed) else { return }
        let name = RoomName(room)
        let mustTell = state.withLockedValue { state in
            var events = [RoomEvent.left(room: room, socket: socket)]
            if isLastOfLoop, let count = state.loops[name] {
                state.loops[name] = count > 1 ? count - 1 : nil
                if count == 1 { events.append(.deleted(room: room)) }
            }
            return note(events, &state)
        }
        if mustTell { loop.execute { self.tell() } }
    }

    /// Returns whether the caller must notify the observers.
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

    /// Runs in its own task, since an observer may change sockets and rooms. One loop at a time notifies, which keeps the order.
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

    /// The namespace ends: releases the observers.
    func end() {
        let dropped = state.withLockedValue { state in
            let dropped = state.observers
            state.observers = []
            return dropped
        }
        // Released outside the lock: their deinitialisation may call back.
        withExtendedLifetime(dropped) {}
    }
}
