import DequeModule
import EngineIOCore
import Logging
import NIOCore
import SocketIOCore

/// One event loop's share of the server: its connections, its members of each room, its deadlines and its buffers. Used on that loop
/// only, hence without locks.
final class LoopShard {
    let index: Int
    let loop: any EventLoop
    let counters: ShardCounters
    let mailbox: LoopMailbox
    unowned let io: SocketIO
    /// Copies of what every packet asks for.
    let packetLimits: SocketIOLimits
    let maximumQueuedBytes: Int

    var connections = ConnectionTable()
    /// Sessions whose clients have joined no namespace yet.
    var newcomers: Newcomers
    /// By Engine.IO session id.
    var sessions: [String: EngineConnection] = [:]
    /// By Socket.IO socket id.
    var sockets: [String: ServerSocket] = [:]
    var rooms: [String: RoomShard] = [:]

    /// Unmasked payloads of the message being handled. One for all connections: a loop handles one message at a time.
    var scratch = ByteBuffer()
    /// Set by this loop's own broadcasts, so that a later direct emit does not overtake them.
    var hasLocalMail = false

    /// Taken from the mailbox, and not carried out yet.
    private var mail: Deque<LoopMailbox.Item> = []
    private var drainDepth = 0
    private static let maximumDrainDepth = 128
    private var dirty: [EngineConnection] = []
    private static let maximumDirty = 16
    private var isFlushScheduled = false
    private var doomed: [EngineConnection] = []
    private var spares: [ByteBuffer] = []
    private var sparePacket: ReceivedPacket?
    /// Most messages are shorter.
    static let packetCapacity = 1_024
    private var broadcastMark: UInt64 = 0
    private var random = SystemRandomNumberGenerator()

    private(set) var deadlines: [DeadlineKind: DeadlineQueue]
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture

    init(index: Int, loop: any EventLoop, mailbox: LoopMailbox, counters: ShardCounters, io: SocketIO) {
        self.index = index
        self.loop = loop
        self.mailbox = mailbox
        self.counters = counters
        self.io = io
        let configuration = io.configuration
        packetLimits = configuration.packetLimits
        maximumQueuedBytes = configuration.maximumQueuedBytes
        newcomers = Newcomers(maximum: configuration.maximumUnconfirmedSessionsPerLoop)
        deadlines = [
            .ping: DeadlineQueue(delay: TimeAmount(configuration.pingInterval)),
            .pong: DeadlineQueue(delay: TimeAmount(configuration.pingTimeout)),
            .connect: DeadlineQueue(delay: TimeAmount(configuration.connectTimeout)),
            .upgrade: DeadlineQueue(delay: TimeAmount(configuration.upgradeTimeout)),
            .pollingClose: DeadlineQueue(delay: TimeAmount(configuration.pollingCloseTimeout)),
            .message: DeadlineQueue(delay: TimeAmount(configuration.messageTimeout)),
            .attachments: DeadlineQueue(delay: TimeAmount(configuration.messageTimeout)),
            .fetch: DeadlineQueue(delay: TimeAmount(configuration.responseStallTimeout)),
        ]
    }

    /// This share for other threads.
    var handle: ShardHandle {
        ShardHandle(index: index, loop: loop, mailbox: mailbox, counters: counters, shard: NIOLoopBound(self, eventLoop: loop))
    }

    func makeSessionID() -> String {
        SessionID.make(random: (random.next(), random.next()), shard: index)
    }

    // MARK: Connections

    func insert(_ connection: EngineConnection) {
        connections.insert(connection, at: connection.slot)
        sessions[connection.sid] = connection
        counters.connectionsOpened.add()
    }

    func remove(_ connection: EngineConnection) {
        guard sessions.removeValue(forKey: connection.sid) != nil else { return }
        connections.remove(connection.slot)
        connection.leaveAddress()
        counters.connectionsClosed.add()
        io.closeSession()
        if connections.count == 0 { io.shardBecameEmpty() }
    }

    // MARK: Writing

    /// Has the connection write what it holds before the loop turns to the next events: one write for all that its read batch, and other
    /// connections' batches of the same turn, produced for it.
    @inline(__always)
    func markDirty(_ connection: EngineConnection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
        scheduleFlush()
    }

    /// Between two connections' batches. Writes of several connections one after the other cost the kernel less than each between two
    /// reads; but the first to have spoken shall not wait for all who have.
    func batchEnded() {
        if dirty.count >= LoopShard.maximumDirty { flushDirty() }
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        // `assumeIsolated()` stops the process off the loop: a shard is reached only through its loop-bound handle.
        loop.assumeIsolated().execute { self.flushAll() }
    }

    private func flushDirty() {
        let batch = dirty
        dirty.removeAll(keepingCapacity: batch.count <= 4_096)
        for connection in batch where connection.isDirty { connection.flush() }
    }

    private func flushAll() {
        isFlushScheduled = false
        flushDirty()
        let lost = doomed
        guard !lost.isEmpty else { return }
        doomed.removeAll()
        for connection in lost { connection.closeSlowClient() }
    }

    /// Closes a client that fell behind, later: members are being visited now.
    func doom(_ connection: EngineConnection) {
        doomed.append(connection)
        scheduleFlush()
    }

    /// A buffer to collect frames in. Buffers go round, so that a batch costs no allocation.
    func takeSpare() -> ByteBuffer {
        guard var buffer = spares.popLast() else { return ByteBuffer() }
        buffer.clear()
        return buffer
    }

    func recycle(_ buffer: ByteBuffer) {
        if spares.count < 16, buffer.capacity <= 1 << 16 { spares.append(buffer) }
    }

    /// An object to read messages into. One goes round: a loop handles one message at a time.
    func takePacket() -> ReceivedPacket {
        sparePacket.take() ?? ReceivedPacket(capacity: LoopShard.packetCapacity)
    }

    func recycle(_ packet: consuming ReceivedPacket) {
        if packet.capacity == LoopShard.packetCapacity { sparePacket = packet }
    }

    // MARK: Mail

    /// Called before anything is sent directly, so that it stays behind this loop's earlier broadcasts.
    @inline(__always)
    func settleLocalMail() {
        if hasLocalMail { drainMailbox() }
    }

    func drainMailbox() {
        hasLocalMail = false
        let items = mailbox.take()
        drainDepth += 1
        defer { drainDepth -= 1 }
        guard drainDepth <= LoopShard.maximumDrainDepth else { return items.forEach(carryOut) }
        // What an item does may drain again: what is left of the outer batch comes first then.
        mail.append(contentsOf: items)
        while let item = mail.popFirst() { carryOut(item) }
    }

    private func carryOut(_ item: LoopMailbox.Item) {
        switch item {
        case .broadcast(let broadcast): deliver(broadcast)
        case .deliver(let bound, let packet): bound.value.send(packet)
        case .perform(let body): body()
        }
    }

    private func deliver(_ broadcast: Broadcast) {
        if broadcast.exceptions.isEmpty, broadcast.targets.count == 1, let room = rooms[broadcast.targets[0]],
            sockets[broadcast.targets[0]] == nil
        {
            let members = room.members
            for socket in members { socket.send(broadcast.packet, isVolatile: broadcast.isVolatile) }
            return
        }
        broadcastMark += 1
        let mark = broadcastMark
        for name in broadcast.exceptions { visit(name) { $0.broadcastMark = mark } }
        let send = { (socket: ServerSocket) in
            guard socket.broadcastMark != mark else { return }
            socket.broadcastMark = mark
            socket.send(broadcast.packet, isVolatile: broadcast.isVolatile)
        }
        if broadcast.targets.isEmpty {
            for socket in Array(sockets.values) { send(socket) }
        } else {
            for name in broadcast.targets { visit(name, send) }
        }
    }

    /// The members of a room and the socket of that id: a client may have named its room after another's socket.
    private func visit(_ name: String, _ body: (ServerSocket) -> Void) {
        if let room = rooms[name] {
            let members = room.members
            for socket in members { body(socket) }
        }
        if let socket = sockets[name] { body(socket) }
    }

    // MARK: Rooms

    func join(_ socket: ServerSocket, room name: String) {
        let room: RoomShard
        if let known = rooms[name] {
            room = known
        } else {
            room = RoomShard(name: name)
            rooms[name] = room
        }
        socket.memberships.append(room, index: room.insert(socket))
    }

    func leave(_ place: (room: RoomShard, index: Int)) {
        place.room.remove(at: place.index)
        if place.room.members.isEmpty { rooms[place.room.name] = nil }
    }

    // MARK: Deadlines

    func arm(_ kind: DeadlineKind, _ connection: EngineConnection) {
        let now = loop.now
        deadlines[kind]?.append(connection.slot, token: connection.token(for: kind), now: now)
        if let next = deadlines[kind]?.next, next < timerDeadline { schedule(next) }
    }

    private func schedule(_ deadline: NIODeadline) {
        timer?.cancel()
        timerDeadline = deadline
        timer = loop.assumeIsolated().scheduleTask(deadline: deadline) { self.deadlinesDue() }
    }

    private func deadlinesDue() {
        let now = loop.now
        for kind in DeadlineKind.allCases {
            while let entry = deadlines[kind]?.popDue(now: now) {
                guard let connection = connections[entry.slot], connection.token(for: kind) == entry.token else { continue }
                connection.deadlineDue(kind)
            }
        }
        timerDeadline = .distantFuture
        if let next = deadlines.values.compactMap(\.next).min() { schedule(next) }
    }

    /// At the end of the server: nothing may keep the loop busy.
    func cancelTimers() {
        timer?.cancel()
        timer = nil
        timerDeadline = .distantFuture
    }
}

/// What a connection waits for.
enum DeadlineKind: CaseIterable {
    /// The next ping is to be sent.
    case ping
    /// The answer to the last ping.
    case pong
    /// The first namespace is joined.
    case connect
    /// A WebSocket has taken over from polling.
    case upgrade
    /// The last GET of a closed polling session.
    case pollingClose
    /// The end of a fragmented message.
    case message
    /// The last attachment of a binary packet.
    case attachments
    /// A GET that fetches what waits for a polling client.
    case fetch
}
