import NIOConcurrencyHelpers
import NIOCore

/// Work for the connections of one loop, from broadcasts and from other threads. The loop carries it out in the order of arrival, once per
/// turn, so that all packets of a turn for a connection leave with one write.
final class LoopMailbox: Sendable {
    enum Item: Sendable {
        case broadcast(Broadcast)
        case change(SocketChange)
        /// A query of the loop's share of the server. It changes nothing. `byteCount`: the memory that it holds.
        case ask(@Sendable (LoopShard) -> Void, byteCount: Int)
        case deliver(NIOLoopBound<ServerSocket>, EncodedPacket)
        case join(NIOLoopBound<ServerSocket>, room: String)
        case leave(NIOLoopBound<ServerSocket>, room: String)
        case perform(@Sendable () -> Void)

        /// Whether the item runs only the server's own code, which never calls back into the loop's connections.
        var isDelivery: Bool {
            switch self {
            case .perform: false
            case .change(let change): change.isDelivery
            case .broadcast, .ask, .deliver, .join, .leave: true
            }
        }

        /// The item's approximate memory in bytes.
        var byteCount: Int {
            switch self {
            case .broadcast(let broadcast):
                256 + broadcast.packet.byteCount + broadcast.options.byteCount
            case .change(let change): change.byteCount
            case .deliver(_, let packet): 256 + packet.byteCount
            case .join(_, let room), .leave(_, let room): 256 + room.utf8.count
            case .ask(_, let bytes): 256 + bytes
            case .perform: 256
            }
        }
    }

    /// An item with its cause.
    struct Letter: Sendable {
        let item: Item
        let byteCount: Int
        /// The client whose packet caused it. Nil if that is unknown.
        let sender: MailShare?
    }

    /// The action that the caller of ``append(_:from:)`` must perform.
    struct Receipt {
        /// Counts all items from 1.
        let position: UInt64
        /// Whether the caller must schedule a drain of the mailbox.
        let needsDrain: Bool
    }

    private struct State {
        var letters: [Letter] = []
        /// The mail that is not carried out yet, whether taken or not.
        var items = 0
        var bytes = 0
        var position: UInt64 = 0
        var isScheduled = false
        var isHalfFull = false
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

    func append(_ item: Item, from sender: MailShare? = nil) -> Receipt {
        let bytes = item.byteCount
        sender?.posted(bytes)
        return state.withLockedValue { state in
            state.letters.append(Letter(item: item, byteCount: bytes, sender: sender))
            state.items += 1
            state.bytes += bytes
            state.position += 1
            compareWithLimits(&state)
            let needsDrain = !state.isScheduled
            state.isScheduled = true
            return Receipt(position: state.position, needsDrain: needsDrain)
        }
    }

    /// Takes all letters. Those that come later need a new drain. They count until ``release(items:bytes:)``.
    ///
    /// - Parameter letters: an empty array, whose memory later letters use.
    func take(into letters: inout [Letter]) {
        state.withLockedValue { state in
            state.isScheduled = false
            if !state.letters.isEmpty { swap(&letters, &state.letters) }
        }
    }

    /// Releases taken letters that have been carried out.
    func release(items: Int, bytes: Int) {
        guard items > 0 else { return }
        state.withLockedValue { state in
            state.items -= items
            state.bytes -= bytes
            compareWithLimits(&state)
        }
    }

    private func compareWithLimits(_ state: inout State) {
        let isOverfull = state.items > maximumItems || state.bytes > maximumBytes
        if isOverfull != state.isOverfull {
            state.isOverfull = isOverfull
            if isOverfull { backlog.began() } else { backlog.ended() }
        }
        let isHalfFull = state.items > maximumItems / 2 || state.bytes > maximumBytes / 2
        if isHalfFull != state.isHalfFull {
            state.isHalfFull = isHalfFull
            if isHalfFull { backlog.cameNear() } else { backlog.wentAway() }
        }
    }
}
