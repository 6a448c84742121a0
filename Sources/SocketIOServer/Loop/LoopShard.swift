import DequeModule
import EngineIOCore
import HeapModule
import Logging
import NIOCore
import SocketIOCore
import WebSocketCore

/// One event loop's share of the server: its connections, its members of each room, its deadlines and its buffers. Used on that loop only,
/// so it needs no locks.
final class LoopShard {
    let index: Int
    let loop: any EventLoop
    let counters: ShardCounters
    let mailbox: LoopMailbox
    let backlog: Backlog
    let configuration: SocketIOConfiguration
    let logger: Logger
    /// Server and share keep each other alive until the server ends, so that a connection always finds both.
    private(set) var io: SocketIO?
    private let sender: @Sendable () -> MailShare?
    private var keptHandle: ShardHandle?
    /// Copies of settings that every packet needs.
    let packetLimits: SocketIOLimits
    let maximumQueuedBytes: Int
    let maximumTurn: TimeAmount
    /// Bytes of the shortest message that may be compressed.
    let compressionThreshold: Int
    /// Nil if nothing is compressed.
    let compressors: SharedCompressors?
    /// Compresses answers to GETs. Nil if they are not compressed.
    let payloadDeflater: PayloadDeflater?
    /// The clock that measures turns. Tests replace it.
    var clock: () -> NIODeadline

    var connections = ConnectionTable()
    /// What waits for clients who do not read.
    var unread: UnreadQueues
    /// Sessions whose clients have joined no namespace yet.
    var newcomers: Newcomers
    /// By Engine.IO session id.
    var sessions: [SessionID: EngineConnection] = [:]
    /// This loop's share of the namespace `/`.
    let main = NamespaceShard(index: SocketIO.mainIndex)
    /// The shares of other namespaces that have sockets here.
    private(set) var others: [NamespaceIndex: NamespaceShard] = [:]
    /// Whether the server has ended here: no session begins, and no timer is set.
    private(set) var hasEnded: Bool

    /// Unmasked payloads of the message being handled. One for all connections: a loop handles one message at a time.
    var scratch = ByteBuffer()
    private var spares: [ByteBuffer] = []
    let receiveBuffers = ReceiveBuffers()
    private var sparePacket: ReceivedPacket?
    /// Most messages are shorter.
    static let packetCapacity = 1_024
    private var random = SystemRandomNumberGenerator()

    // See `LoopShard+Mail`.
    /// Whether this loop has sent mail that a later direct emit must not overtake.
    var hasLocalMail = false
    /// Mail that was taken from the mailbox and is not carried out yet.
    var mail: Deque<LoopMailbox.Letter> = []
    /// Empty; see `collectMail()`.
    var takenMail: [LoopMailbox.Letter] = []
    /// Mail that was carried out and is not yet reported to the mailbox.
    var unreleasedItems = 0
    var unreleasedBytes = 0
    /// The connection whose packets are being taken, and the sender of the work that is being carried out.
    var takenFrom: EngineConnection?
    var carriedFor: MailShare?
    /// Whether the turn of the mail is over, so that it continues in the next one.
    var isMailPaused = false
    /// Positions in the mailbox of the last item that was carried out, and of the last that came from this loop.
    var carriedOut: UInt64 = 0
    var lastLocalMail: UInt64 = 0
    /// Whether members of a broadcast are being visited, so that nothing is flushed, closed or drained.
    var isVisiting = false
    /// Members whose queue is over the limit, and whose transport has not been asked to take it yet.
    var overdue: [EngineConnection] = []

    // See `LoopShard+Writing` and `LoopShard+Turns`.
    /// Connections that have something to write.
    var dirty: Deque<EngineConnection> = []
    var isFlushScheduled = false
    /// Whether the turn of writing is over, so that it continues in the next one.
    var isFlushPaused = false
    /// Clients that fell behind and will be closed.
    var doomed: Deque<EngineConnection> = []
    /// Sources with packets that were read but not taken, because their turn was over.
    var paused: Deque<any TurnTaker> = []
    var isTurnScheduled = false
    /// The WebSocket whose read batch is being taken.
    var turn = BatchTurn()

    // See `LoopShard+Deadlines`.
    /// By the raw value of their kind.
    var deadlines: [DeadlineQueue]
    /// Connections that have sent no request yet.
    var openings = SlotTable<OpeningHandler>()
    var openingDeadlines: DeadlineQueue
    var acknowledgementDeadlines: Heap<AcknowledgementDeadline> = []
    var timer: Scheduled<Void>?
    var timerDeadline = NIODeadline.distantFuture
    var watchesForStalls = false

    /// - Parameter io: nil if the server has ended.
    init(
        index: Int, loop: any EventLoop, mailbox: LoopMailbox, counters: ShardCounters, backlog: Backlog,
        configuration: SocketIOConfiguration, logger: Logger, io: SocketIO?, sender: @escaping @Sendable () -> MailShare?
    ) {
        self.index = index
        self.loop = loop
        self.mailbox = mailbox
        self.counters = counters
        self.backlog = backlog
        self.io = io
        self.sender = sender
        hasEnded = io == nil
        self.configuration = configuration
        self.logger = logger
        packetLimits = configuration.packetLimits
        maximumQueuedBytes = configuration.maximumQueuedBytes
        maximumTurn = TimeAmount(configuration.maximumTurn)
        compressionThreshold = configuration.perMessageDeflate?.threshold ?? .max
        compressors = configuration.perMessageDeflate.map { SharedCompressors(level: $0.level) }
        payloadDeflater = configuration.httpCompression.map(PayloadDeflater.init)
        clock = { loop.now }
        unread = UnreadQueues(maximumBytes: configuration.maximumUnreadBytesPerLoop)
        newcomers = Newcomers(maximum: configuration.maximumUnconfirmedSessionsPerLoop)
        deadlines = DeadlineKind.allCases.map { DeadlineQueue(delay: TimeAmount($0.time(in: configuration))) }
        openingDeadlines = DeadlineQueue(delay: TimeAmount(configuration.requestTimeout))
    }

    /// This share for other threads.
    var handle: ShardHandle {
        if let keptHandle { return keptHandle }
        let handle = ShardHandle(
            index: index, loop: loop, mailbox: mailbox, counters: counters, shard: NIOLoopBound(self, eventLoop: loop), sender: sender)
        // The two keep each other alive until the server ends.
        if !hasEnded { keptHandle = handle }
        return handle
    }

    func makeSessionID() -> SessionID { SessionID(random: (random.next(), random.next()), shard: index) }

    // MARK: Connections

    func insert(_ connection: EngineConnection) {
        connections.insert(connection, at: connection.slot)
        sessions[connection.sid] = connection
        counters.connectionsOpened.add()
        watchForStalls()
    }

    func remove(_ connection: EngineConnection) {
        guard sessions.removeValue(forKey: connection.sid) != nil else { return }
        connections.remove(connection.slot)
        unread.remove(connection.slot)
        connection.leaveAddress()
        connection.dropHandshake()
        counters.connectionsClosed.add()
        io?.closeSession()
    }

    /// Closes a part of the sessions, at least one: one in so many, in the order in which they are kept.
    /// - Returns: how many are open still.
    func closeSessions(oneIn parts: Int) -> Int {
        let open = connections.all
        let share = (open.count + parts - 1) / parts
        for connection in open.prefix(share) { connection.close(.serverShuttingDown, code: .serviceRestart) }
        return open.count - share
    }

    /// The server ends: queued packets are sent, all sessions are closed, and the reference to the server is released.
    func end() {
        hasEnded = true
        drainAll()
        for connection in connections.all {
            connection.close(.serverShuttingDown, code: .serviceRestart)
            // A session that was closed before waits for a last GET, which would be refused now.
            connection.abandonProbe()
            remove(connection)
        }
        keepOpenings()
        cancelTimers()
        dirty = []
        doomed = []
        paused = []
        io = nil
        keptHandle = nil
    }

    // MARK: Namespaces

    /// Nil if the namespace has no sockets here.
    func namespace(_ index: NamespaceIndex) -> NamespaceShard? { index == main.index ? main : others[index] }

    /// This loop's share of a namespace, made for its first socket.
    func members(of namespace: Namespace) -> NamespaceShard {
        if let known = self.namespace(namespace.index) { return known }
        let share = NamespaceShard(index: namespace.index)
        others[namespace.index] = share
        return share
    }

    /// A socket has ended: its namespace may have no other here.
    func dropIfEmpty(_ members: NamespaceShard) {
        if members !== main, members.isEmpty { others[members.index] = nil }
    }

    // MARK: Buffers

    /// A buffer to collect frames in. Buffers are reused, so that a batch costs no allocation.
    func takeSpare() -> ByteBuffer {
        guard var buffer = spares.popLast() else { return ByteBuffer() }
        buffer.clear()
        return buffer
    }

    func recycle(_ buffer: ByteBuffer) {
        if spares.count < 16, buffer.capacity <= 1 << 16 { spares.append(buffer) }
    }

    /// An object to read messages into. It is reused: a loop handles one message at a time.
    func takePacket() -> ReceivedPacket {
        sparePacket.take() ?? ReceivedPacket(capacity: LoopShard.packetCapacity)
    }

    func recycle(_ packet: consuming ReceivedPacket) {
        if packet.capacity == LoopShard.packetCapacity { sparePacket = packet }
    }
}
