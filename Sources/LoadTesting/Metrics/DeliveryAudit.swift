/// Compares what virtual users sent with what each of them received, message by message.
///
/// A receiver counts in a room from the first tagged message that it gets there. From then on every sender's numbers must come once and
/// in order. Numbers that never come are lost, numbers that come twice are doubled, numbers that come after a greater one are out of order.
public struct DeliveryAudit: Sendable, Codable {
    /// Pairs of receiver and sender in one room. Beyond it pairs are not audited, and the report says how many.
    static let maximumStreams = 200_000
    /// Numbers that a report lists; all are counted.
    static let maximumListed = 1_000

    public struct Message: Sendable, Hashable, Codable {
        public var room: String
        public var receiver: Int
        public var sender: Int
        public var sequence: Int
    }

    public struct RoomReport: Sendable, Hashable, Codable {
        public var room: String
        public var sent = 0
        public var delivered = 0
        public var lost = 0
        public var doubled = 0
        public var outOfOrder = 0
    }

    public struct Report: Sendable, Hashable, Codable {
        public var rooms: [RoomReport] = []
        public var lost: [Message] = []
        public var doubled: [Message] = []
        public var outOfOrder: [Message] = []
        public var streamsNotAudited = 0

        public init() {}

        func total(_ count: (RoomReport) -> Int) -> Int { self.rooms.reduce(0) { $0 + count($1) } }
    }

    private struct SenderKey: Hashable, Codable { var room: String, sender: Int }
    private struct ReceiverKey: Hashable, Codable { var room: String, receiver: Int }
    private struct StreamKey: Hashable, Codable { var room: String, receiver: Int, sender: Int }

    private struct Sent: Codable {
        struct Time: Codable {
            var sequence: Int
            var at: Int64
        }

        var last = 0
        /// When each number was sent, for what is in flight when a receiver leaves: only the newest are kept.
        var recent: [Time] = []
        var firstAt: Int64
    }

    private struct Stream: Codable {
        var first: Int
        var next: Int
        var missing: Set<Int> = []
    }

    private var sent: [SenderKey: Sent] = [:]
    private var streams: [StreamKey: Stream] = [:]
    private var joined: [ReceiverKey: Int64] = [:]
    private var left: [Int: Int64] = [:]
    private var rooms: [String: RoomReport] = [:]
    private var report = Report()

    /// Numbers of one sender whose times are kept.
    private static let recentCount = 64
    /// A gap larger than this is not listed number by number.
    private static let maximumGap = 10_000

    public init() {}

    public var isEmpty: Bool { self.sent.isEmpty && self.streams.isEmpty }

    mutating func sent(_ tag: AuditTag) {
        let key = SenderKey(room: tag.room, sender: tag.sender)
        var entry = self.sent[key] ?? Sent(firstAt: tag.sentAtNanoseconds)
        entry.last = max(entry.last, tag.sequence)
        entry.recent.append(Sent.Time(sequence: tag.sequence, at: tag.sentAtNanoseconds))
        if entry.recent.count > Self.recentCount { entry.recent.removeFirst(entry.recent.count - Self.recentCount) }
        self.sent[key] = entry
        self.rooms[tag.room, default: RoomReport(room: tag.room)].sent += 1
    }

    mutating func received(_ tag: AuditTag, by receiver: Int, at now: RunInstant) {
        let receiverKey = ReceiverKey(room: tag.room, receiver: receiver)
        if self.joined[receiverKey] == nil { self.joined[receiverKey] = now.nanoseconds }
        let key = StreamKey(room: tag.room, receiver: receiver, sender: tag.sender)
        let message = Message(room: tag.room, receiver: receiver, sender: tag.sender, sequence: tag.sequence)
        guard var stream = self.streams[key] else {
            guard self.streams.count < Self.maximumStreams else {
                self.report.streamsNotAudited += 1
                return
            }
            self.streams[key] = Stream(first: tag.sequence, next: tag.sequence + 1)
            self.rooms[tag.room, default: RoomReport(room: tag.room)].delivered += 1
            return
        }
        defer { self.streams[key] = stream }
        if tag.sequence >= stream.next {
            for number in (stream.next..<tag.sequence).prefix(Self.maximumGap) { stream.missing.insert(number) }
            stream.next = tag.sequence + 1
            self.rooms[tag.room, default: RoomReport(room: tag.room)].delivered += 1
        } else if stream.missing.remove(tag.sequence) != nil || tag.sequence < stream.first {
            stream.first = min(stream.first, tag.sequence)
            self.rooms[tag.room, default: RoomReport(room: tag.room)].delivered += 1
            self.rooms[tag.room, default: RoomReport(room: tag.room)].outOfOrder += 1
            if self.report.outOfOrder.count < Self.maximumListed { self.report.outOfOrder.append(message) }
        } else {
            self.rooms[tag.room, default: RoomReport(room: tag.room)].doubled += 1
            if self.report.doubled.count < Self.maximumListed { self.report.doubled.append(message) }
        }
    }

    /// A receiver has ended: what is sent from now on need not reach it.
    mutating func receiverEnded(_ receiver: Int, at now: RunInstant) { self.left[receiver] = now.nanoseconds }

    /// Adds another loop's part. A receiver lives on one loop, so streams never collide.
    mutating func merge(_ other: DeliveryAudit) {
        self.sent.merge(other.sent) { one, two in one.last >= two.last ? one : two }
        self.streams.merge(other.streams) { one, _ in one }
        self.joined.merge(other.joined) { min($0, $1) }
        self.left.merge(other.left) { max($0, $1) }
        for (name, room) in other.rooms {
            self.rooms[name, default: RoomReport(room: name)].sent += room.sent
            self.rooms[name, default: RoomReport(room: name)].delivered += room.delivered
            self.rooms[name, default: RoomReport(room: name)].doubled += room.doubled
            self.rooms[name, default: RoomReport(room: name)].outOfOrder += room.outOfOrder
        }
        self.report.doubled = Array((self.report.doubled + other.report.doubled).prefix(Self.maximumListed))
        self.report.outOfOrder = Array((self.report.outOfOrder + other.report.outOfOrder).prefix(Self.maximumListed))
        self.report.streamsNotAudited += other.report.streamsNotAudited
    }

    /// The result.
    ///
    /// - Parameter grace: a message sent less than this before a receiver ended may have been in flight and is not lost.
    public func finish(grace: Duration) -> Report {
        var report = self.report
        var rooms = self.rooms
        for (key, stream) in self.streams {
            var missing = stream.missing.sorted()
            missing += self.tail(of: key, stream: stream, grace: grace)
            guard !missing.isEmpty else { continue }
            rooms[key.room, default: RoomReport(room: key.room)].lost += missing.count
            for sequence in missing where report.lost.count < Self.maximumListed {
                report.lost.append(Message(room: key.room, receiver: key.receiver, sender: key.sender, sequence: sequence))
            }
        }
        report.rooms = rooms.values.sorted { $0.room < $1.room }
        let order: (Message, Message) -> Bool = {
            ($0.room, $0.receiver, $0.sender, $0.sequence) < ($1.room, $1.receiver, $1.sender, $1.sequence)
        }
        report.lost.sort(by: order)
        report.doubled.sort(by: order)
        report.outOfOrder.sort(by: order)
        return report
    }

    /// Numbers that were sent after the last one received, long enough before the receiver ended.
    private func tail(of key: StreamKey, stream: Stream, grace: Duration) -> [Int] {
        guard let sent = self.sent[SenderKey(room: key.room, sender: key.sender)], sent.last >= stream.next else { return [] }
        let end = (self.left[key.receiver] ?? .max / 2) - grace.nanoseconds
        let recent = Dictionary(sent.recent.map { ($0.sequence, $0.at) }) { first, _ in first }
        // What is older than the kept times was sent before them.
        let oldest = sent.recent.first?.at ?? .max
        return (stream.next...sent.last).prefix(Self.maximumGap).filter { (recent[$0] ?? oldest) < end }
    }
}
