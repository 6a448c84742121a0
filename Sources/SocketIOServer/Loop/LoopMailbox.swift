import NIOConcurrencyHelpers
import NIOCore

/// What other threads, and broadcasts, have for the connections of one loop. Items are carried out in the order in which they came, once
/// a loop turn, so that all that a turn produced goes out with one write a connection.
final class LoopMailbox: Sendable {
    enum Item: Sendable {
        case broadcast(Broadcast)
        case deliver(NIOLoopBound<ServerSocket>, EncodedPacket)
        case perform(@Sendable () -> Void)
    }

    private struct State {
        var items: [Item] = []
        var isScheduled = false
    }

    let loop: any EventLoop
    private let state = NIOLockedValueBox(State())

    init(loop: any EventLoop) { self.loop = loop }

    /// Returns whether the caller must have the loop drain the box.
    func append(_ item: Item) -> Bool {
        state.withLockedValue { state in
            state.items.append(item)
            if state.isScheduled { return false }
            state.isScheduled = true
            return true
        }
    }

    /// Takes all items. Those that come later need a new drain.
    func take() -> [Item] {
        state.withLockedValue { state in
            state.isScheduled = false
            guard !state.items.isEmpty else { return [] }
            var items: [Item] = []
            swap(&items, &state.items)
            return items
        }
    }
}
