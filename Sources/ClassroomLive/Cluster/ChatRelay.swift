import Classroom
import ClassroomStore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import SocketIOCore
import SocketIOServer

/// Chat messages on their way to the members of their rooms, on all nodes: each node delivers those of its own members in the order of
/// their sequence, whichever node committed them. Messages that were lost between nodes are read from the store.
///
/// Thread-safe. A message is encoded once: the nodes hand its bytes on.
final class ChatRelay: Sendable {
    private struct Room {
        /// Sockets of this node.
        var members = 0
        var order: ChatOrder<JSONSlice>
        /// A query of the store is planned or under way.
        var isHealing = false
        /// Distinguishes the room from an earlier one of the same name that was emptied.
        let generation: Int
    }

    private struct State {
        var rooms: [String: Room] = [:]
        var generation = 0
    }

    static let eventName = "dunlin:chat"
    static let healEventName = "dunlin:chat:heal"

    private let namespace: Namespace
    private let store: any ChatStore
    private let clock: any ClassroomClock
    private let logger: Logger
    private let state = NIOLockedValueBox(State())
    private let historyLimit: Int
    private let maximumHealed: Int

    /// - Parameter maximumHealed: missed messages of a room that are read from the store. Of more, the oldest are given up.
    init(io: SocketIO, store: any ChatStore, clock: any ClassroomClock, historyLimit: Int, maximumHealed: Int, logger: Logger) {
        namespace = io.of("/")
        self.store = store
        self.clock = clock
        self.logger = logger
        self.historyLimit = max(historyLimit, Self.maximumWaiting)
        self.maximumHealed = maximumHealed
    }

    /// Listens to the other nodes. Call once.
    func start() {
        namespace.onServerSide(Self.eventName) { [weak self] event in
            let arguments = event.arguments
            guard arguments.count == 3, let roomID = arguments[0].string, Identifier.isValid(roomID), let sequence = arguments[1].int,
                sequence > 0, arguments[2].kind == .object, arguments[2].bytes.readableBytes <= Self.maximumMessageBytes
            else { return }
            // A copy: what it came in may be much larger, and it may wait.
            self?.deliver(JSONSlice(unchecked: ByteBuffer(buffer: arguments[2].bytes)), sequence, to: roomID)
        }
        namespace.onServerSide(Self.healEventName) { [weak self] _ in self?.healAll() }
    }

    // MARK: Members

    /// One more socket of this node is in the room.
    func joined(_ roomID: String) {
        state.withLockedValue { state in
            if state.rooms[roomID] == nil {
                state.generation += 1
                state.rooms[roomID] = Room(order: ChatOrder(maximumWaiting: Self.maximumWaiting), generation: state.generation)
            }
            state.rooms[roomID]?.members += 1
        }
    }

    func left(_ roomID: String) {
        state.withLockedValue { state in
            state.rooms[roomID]?.members -= 1
            if state.rooms[roomID]?.members == 0 { state.rooms[roomID] = nil }
        }
    }

    /// The last message in the history that a member of this node got; 0 if the history was empty.
    func known(last sequence: Int, of roomID: String) {
        deliver(to: roomID) { $0.begin(after: sequence) }
    }

    // MARK: Messages

    /// A message was committed on this node.
    func send(_ body: JSONSlice, _ sequence: Int, to roomID: String) {
        namespace.serverSideEmit(Self.eventName, roomID, sequence, body)
        deliver(body, sequence, to: roomID)
    }

    private func deliver(_ body: JSONSlice, _ sequence: Int, to roomID: String) {
        deliver(to: roomID) { $0.receive(body, sequence: sequence) }
    }

    /// Changes a room's order and emits what is ready, under one lock: two threads must not emit in a different order. Emitting only puts
    /// items into the loops' mailboxes.
    private func deliver(to roomID: String, _ change: (inout ChatOrder<JSONSlice>) -> [JSONSlice]) {
        let generation = state.withLockedValue { state -> Int? in
            guard var room = state.rooms[roomID] else { return nil }
            for body in change(&room.order) {
                namespace.local.to(ChatMembership.room(roomID)).emit("chat:message", body)
            }
            let mustHeal = room.order.hasGap && !room.isHealing
            if mustHeal { room.isHealing = true }
            state.rooms[roomID] = room
            return mustHeal ? room.generation : nil
        }
        guard let generation else { return }
        _ = clock.schedule(at: clock.now + Self.gapPatienceMs) { [weak self] in self?.heal(roomID, generation) }
    }

    // MARK: Gaps

    /// This node could not reach the others for a while. The messages of that time are in the store.
    func healAll() {
        let rooms = state.withLockedValue { state in
            var rooms: [(String, Int)] = []
            for (roomID, room) in state.rooms where !room.isHealing && room.order.next != nil {
                state.rooms[roomID]?.isHealing = true
                rooms.append((roomID, room.generation))
            }
            return rooms
        }
        for (roomID, generation) in rooms { heal(roomID, generation) }
    }

    /// Tells the other nodes that this one could not reach them for a while, and looks after its own rooms.
    func reconnected() {
        namespace.serverSideEmit(Self.healEventName)
        healAll()
    }

    private func heal(_ roomID: String, _ generation: Int) {
        Task {
            var messages = try? await store.recentChat(roomID: roomID, limit: historyLimit)
            let next = state.withLockedValue { $0.rooms[roomID]?.order.next }
            if let next, let first = messages?.first?.sequence, let last = messages?.last?.sequence, first > next {
                messages = try? await store.recentChat(roomID: roomID, limit: min(last - next + 1, maximumHealed))
            }
            healed(roomID, generation, messages)
        }
    }

    /// - Parameter messages: nil if the store did not answer; it is asked again.
    private func healed(_ roomID: String, _ generation: Int, _ messages: [ChatMessage]?) {
        let isCurrent = state.withLockedValue { state in
            guard state.rooms[roomID]?.generation == generation else { return false }
            state.rooms[roomID]?.isHealing = messages == nil
            return true
        }
        guard isCurrent else { return }
        guard let messages else {
            _ = clock.schedule(at: clock.now + Self.retryMs) { [weak self] in self?.heal(roomID, generation) }
            return
        }
        deliver(to: roomID) { order in
            guard let next = order.next else { return [] }
            var ready: [JSONSlice] = []
            for message in messages where message.sequence >= next {
                ready += order.receive(JSONSlice(ChatMessageBody(message: message)), sequence: message.sequence)
            }
            // The store has every message that was committed before the query. One that it lacks is too old.
            if let gap = order.gap, let last = messages.last?.sequence, gap.upperBound <= last { ready += order.giveUpGap() }
            return ready
        }
    }

    /// Longer than any message that a node shares.
    static let maximumMessageBytes = 1 << 16
    /// Messages of a room that may wait for a missing one.
    static let maximumWaiting = 256
    /// How long to wait for a missing message before the store is asked.
    static let gapPatienceMs: UnixMilliseconds = 250
    static let retryMs: UnixMilliseconds = 1_000
}

extension JSONSlice {
    /// A message's text, written once.
    init(_ body: ChatMessageBody) {
        var writer = JSONWriter()
        body.write(to: &writer)
        self.init(unchecked: writer.buffer)
    }
}
