import NIOConcurrencyHelpers
import NIOCore

/// Work for the connections of one loop, from broadcasts and from other threads. The loop carries it out in the order of arrival, once per
/// turn, so that everything a turn produced for a connection goes out with one write.
final class LoopMailbox: Sendable {
    enum Item: Sendable {
        case broadcast(Broadcast)
        case deliver(NIOLoopBound<ServerSocket>, EncodedPacket)
        case join(NIOLoopBound<ServerSocket>, room: String)
        case leave(NIOLoopBound<ServerSocket>, room: String)
        case perform(@Sendable () -> Void)

        /// False: it runs code that is not the server's own, which may come back to the loop's connections.
        var isDelivery: Bool {
            if case .perform = self { false } else { true }
        }

        /// What the item keeps in memory, roughly.
        var byteCount: Int {
            switch self {
            case .broadcast(let broadcast):
                256 + broadcast.packet.byteCount + 64 * (broadcast.targets.count + broadcast.exceptions.count)
            case .deliver(_, let packet): 256 + packet.byteCount
            case .join(_, let room), .leave(_, let room): 256 + room.utf8.count
            case .perform: 256
            }
        }
    }

    /// What the caller of ``append(_:)`` has to do.
    struct Receipt {
        /// Counts all items from 1.
        let position: UInt64
        /// The loop must be told to drain the mailbox.
        let needsDrain: Bool
    }

    private struct State {
        var items: [Item] = []
        var bytes = 0
        var position: UInt64 = 0
        var isScheduled = false
        var isOverfull = false
    }

    let loop: any EventLoop
    private let maximumItems: Int
    private let maximumBytes: Int
    private let backlog: Backlog
    private let state = NIOLockedValueBox(State())

    init(loop: any EventLoop, maximumItems: Int, maximumBytes: Int, backlog: Backlog) {
        self.loop = loop
        self.maximumItems = maximumItems
        self.maximumBytes = maximumBytes
        self.backlog = backlog
    }

    func append(_ item: Item) -> Receipt {
        let bytes = item.byteCount
        return state.withLockedValue { state in
            state.items.append(item)
            state.bytes += bytes
            state.position += 1
            if !state.isOverfull, state.items.count > maximumItems || state.bytes > maximumBytes {
                state.isOverfull = true
                backlog.began()
            }
            let needsDrain = !state.isScheduled
            state.isScheduled = true
            return Receipt(position: state.position, needsDrain: needsDrain)
        }
    }

    /// Takes all items. Those that come later need a new drain.
    func take() -> [Item] {
        state.withLockedValue { state in
            state.isScheduled = false
            guard !state.items.isEmpty else { return [] }
            var items: [Item] = []
            swap(&items, &state.items)
            state.bytes = 0
            if state.isOverfull {
                state.isOverfull = false
                backlog.ended()
            }
            return items
        }
    }
}
