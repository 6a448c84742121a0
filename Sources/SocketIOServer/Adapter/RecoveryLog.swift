import DequeModule
import SocketIOCore

/// The session of a socket whose client went away without closing it.
public struct PersistedSession: Sendable {
    public var socketID: String
    /// A secret of the client, which proves that the session is its own.
    public var privateID: String
    /// The rooms it was in; its own id need not be among them.
    public var rooms: Set<String>
    /// The socket's ``ServerSocket/data``. For another server's socket it is a `JSONSlice`.
    public var data: (any Sendable)?

    public init(socketID: String, privateID: String, rooms: Set<String>, data: (any Sendable)? = nil) {
        self.socketID = socketID
        self.privateID = privateID
        self.rooms = rooms
        self.data = data
    }
}

/// A session that a client resumes.
public struct RestoredSession: Sendable {
    public var session: PersistedSession
    /// The events that it missed, each with its offset as its last argument.
    public var missed: [EventPacket]

    public init(session: PersistedSession, missed: [EventPacket]) {
        self.session = session
        self.missed = missed
    }

    /// The memory of the missed events while they wait for the client.
    var queuedBytes: Int { missed.reduce(0) { $0 + $1.byteCount + PollingState.packetOverhead } }
}

/// A client's request, in its CONNECT, to resume a session.
struct SessionClaim: Sendable {
    let privateID: String
    /// The offset of the last event that the client saw.
    let offset: String

    /// Bytes of a private id and of an offset: this server's have 20 and up to 13, those of Redis and of Node about as many.
    static let maximumBytes = 64

    /// Nil if the client asks for none, or for one that no server has named: a longer text is not looked up, since hashing it normalises
    /// it, which takes quadratic time if one letter has many marks.
    init?(_ auth: JSONSlice?) {
        guard let privateID = auth?["pid"]?.string, privateID.utf8.count <= Self.maximumBytes,
            let offset = auth?["offset"]?.string, offset.utf8.count <= Self.maximumBytes
        else { return nil }
        self.privateID = privateID
        self.offset = offset
    }
}

/// The sessions of clients that went away, and the last events of a namespace, for as long as clients may come back. Time is a parameter,
/// from any monotonic clock.
struct RecoveryLog {
    private struct Entry {
        let packet: EventPacket
        let options: BroadcastOptions
        let time: Duration
    }

    let limits: RecoveryLimits
    private var entries: Deque<Entry> = []
    private var bytes = 0
    /// The number of the first entry; a packet's offset is its number.
    private var first: UInt64 = 0
    private var sessions: [String: (session: PersistedSession, end: Duration)] = [:]
    private var sessionBytes = 0
    /// Private ids in the order in which their sessions expire. Some of the sessions may have been restored already.
    private var ends: Deque<(privateID: String, end: Duration)> = []

    init(limits: RecoveryLimits) { self.limits = limits }

    var packetCount: Int { entries.count }
    var sessionCount: Int { sessions.count }

    /// Keeps an event. Returns it with its offset as its last argument.
    mutating func append(_ packet: EventPacket, to options: BroadcastOptions, now: Duration) -> EventPacket {
        let numbered = packet.appending(String(first + UInt64(entries.count), radix: 36))
        let entry = Entry(packet: numbered, options: options, time: now)
        entries.append(entry)
        bytes += RecoveryLog.cost(of: entry)
        dropOld(now)
        return numbered
    }

    private static func cost(of entry: Entry) -> Int {
        entry.packet.byteCount + 256 + entry.options.byteCount
    }

    private mutating func dropOld(_ now: Duration) {
        while let oldest = entries.first,
            entries.count > limits.maximumPackets || bytes > limits.maximumBytes || oldest.time + limits.maximumDisconnection < now
        {
            entries.removeFirst()
            bytes -= RecoveryLog.cost(of: oldest)
            first += 1
        }
        while let next = ends.first {
            let isKept = sessions[next.privateID]?.end == next.end
            let isOver = sessions.count > limits.maximumSessions || sessionBytes > limits.maximumSessionBytes
            guard !isKept || next.end < now || isOver else { break }
            ends.removeFirst()
            if isKept { _ = take(next.privateID) }
        }
        guard ends.count > 2 * sessions.count + 64 else { return }
        let kept = sessions
        ends.removeAll { kept[$0.privateID]?.end != $0.end }
    }

    mutating func persist(_ session: PersistedSession, now: Duration) {
        let end = now + limits.maximumDisconnection
        _ = take(session.privateID)
        sessionBytes += RecoveryLog.cost(of: session)
        sessions[session.privateID] = (session, end)
        ends.append((session.privateID, end))
        dropOld(now)
    }

    private static func cost(of session: PersistedSession) -> Int { session.rooms.reduce(256) { $0 + 64 + $1.utf8.count } }

    private mutating func take(_ privateID: String) -> PersistedSession? {
        guard let session = sessions.removeValue(forKey: privateID)?.session else { return nil }
        sessionBytes -= RecoveryLog.cost(of: session)
        return session
    }

    /// Returns a session, once. Nil if it has expired, or if a missed event is not kept any more.
    mutating func restore(_ privateID: String, offset: String, now: Duration) -> RestoredSession? {
        dropOld(now)
        guard let kept = take(privateID), let last = UInt64(offset, radix: 36), last >= first,
            last - first < UInt64(entries.count)
        else { return nil }
        let rooms = Set(kept.rooms.map { RoomName($0) } + [RoomName(kept.socketID)])
        let later = entries.dropFirst(Int(last - first) + 1)
        let missed = later.filter { RecoveryLog.reaches(rooms, $0.options) }.map(\.packet)
        return RestoredSession(session: kept, missed: missed)
    }

    /// Whether an event with these options would have reached a socket in these rooms, its own id among them. Asked for every kept event.
    private static func reaches(_ rooms: Set<RoomName>, _ options: BroadcastOptions) -> Bool {
        func isIn(_ room: String) -> Bool { rooms.contains(RoomName(room)) }
        return (options.rooms.isEmpty || options.rooms.contains(where: isIn)) && !options.except.contains(where: isIn)
    }
}

/// How much a namespace keeps for clients that come back, and for how long.
public struct RecoveryLimits: Sendable, Hashable {
    /// How long a client may be away.
    public var maximumDisconnection: Duration = .seconds(120)
    /// The maximum number of kept sessions, and of the bytes of their rooms with 256 more for each. Beyond it the oldest are dropped.
    public var maximumSessions = 10_000
    public var maximumSessionBytes = 1 << 24
    /// The maximum number of kept events, and of their bytes with 256 more for each, and the name and 64 bytes for each room that it names.
    /// Beyond it the oldest are dropped.
    public var maximumPackets = 10_000
    public var maximumBytes = 1 << 24

    public init() {}
}
