/// Compares what virtual users sent with what each of them received, message by message.
///
/// A receiver counts in a room from the first tagged message that it gets there. From then on every sender's numbers must come once and
/// in order. Numbers that never come are lost, numbers that come twice are doubled, numbers that come after a greater one are out of order.
public struct DeliveryAudit: Sendable, Codable {
    /// Limits that bound the memory of runs of any length.
    struct Limits: Sendable, Codable {
        /// Pairs of receiver and sender within a room. Messages of further pairs are not audited, and the report counts them.
        var maximumStreams = 200_000
        /// Pairs of sender and room. Messages of further senders are counted as sent, but at the end they do not count as lost.
        var maximumSenders = 100_000
        /// Rooms of the report. The rest are counted together.
        var maximumRooms = 10_000
        /// Missing numbers that may still come. Further missing numbers count as lost at once.
        var maximumMissing = 1_000_000
        /// Numbers that a report lists; all are counted.
        var maximumListed = 1_000
    }

    /// Stands for the rooms beyond the limit.
    static let otherRooms = "(other rooms)"

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

        func total(_ count: (RoomReport) -> Int) -> Int { rooms.reduce(0) { $0 + count($1) } }
    }

    private struct SenderKey: Hashable, Codable { var room: String, sender: Int }
    private struct StreamKey: Hashable, Codable { var room: String, receiver: Int, sender: Int }

    private struct Sent: Codable {
        struct Time: Codable {
            var sequence: Int
            var at: Int64
        }

        var last = 0
        /// When the newest numbers were sent. A message may still be in flight when its receiver leaves.
        var recent: [Time] = []

        mutating func add(_ tag: AuditTag, keeping count: Int) {
            last = max(last, tag.sequence)
            recent.append(Time(sequence: tag.sequence, at: tag.sentAtNanoseconds))
            if recent.count > count { recent.removeFirst(recent.count - count) }
        }
    }

    private struct Stream: Codable {
        var first: Int
        var next: Int
        var missing: Set<Int> = []
    }

    private let limits: Limits
    private var sent: [SenderKey: Sent] = [:]
    private var streams: [StreamKey: Stream] = [:]
    /// When each user with a stream ended, in nanoseconds since the run began. Nil if the user has not ended.
    private var receivers: [Int: Int64?] = [:]
    private var rooms: [String: RoomReport] = [:]
    private var missing = 0
    private var report = Report()

    /// The number of sending times that are kept for each sender and room.
    private static let recentCount = 64
    /// A gap larger than this is not listed number by number.
    private static let maximumGap = 10_000

    public init() { self.init(limits: Limits()) }

    init(limits: Limits) { self.limits = limits }

    public var isEmpty: Bool { sent.isEmpty && streams.isEmpty }

    mutating func sent(_ tag: AuditTag) {
        count(tag.room) { $0.sent += 1 }
        let key = SenderKey(room: tag.room, sender: tag.sender)
        guard sent.count < limits.maximumSenders || sent[key] != nil else { return }
        sent[key, default: Sent()].add(tag, keeping: Self.recentCount)
    }

    mutating func received(_ tag: AuditTag, by receiver: Int, at now: RunInstant) {
        let key = StreamKey(room: tag.room, receiver: receiver, sender: tag.sender)
        guard var stream = streams[key] else {
            guard streams.count < limits.maximumStreams else {
                report.streamsNotAudited += 1
                return
            }
            streams[key] = Stream(first: tag.sequence, next: tag.sequence + 1)
            if receivers[receiver] == nil { receivers[receiver] = .some(nil) }
            count(tag.room) { $0.delivered += 1 }
            return
        }
        let message = Message(room: tag.room, receiver: receiver, sender: tag.sender, sequence: tag.sequence)
        if tag.sequence >= stream.next {
            miss(stream.next..<tag.sequence, &stream, message)
            stream.next = tag.sequence + 1
            count(tag.room) { $0.delivered += 1 }
        } else if find(tag.sequence, &stream) || tag.sequence < stream.first {
            stream.first = min(stream.first, tag.sequence)
            count(tag.room) {
                $0.delivered += 1
                $0.outOfOrder += 1
            }
            if report.outOfOrder.count < limits.maximumListed { report.outOfOrder.append(message) }
        } else {
            count(tag.room) { $0.doubled += 1 }
            if report.doubled.count < limits.maximumListed { report.doubled.append(message) }
        }
        streams[key] = stream
    }

    /// Notes a gap. Its numbers may still come.
    private mutating func miss(_ gap: Range<Int>, _ stream: inout Stream, _ message: Message) {
        let kept = gap.prefix(min(Self.maximumGap, limits.maximumMissing - missing))
        for number in kept { stream.missing.insert(number) }
        missing += kept.count
        let rest = gap.dropFirst(kept.count)
        guard !rest.isEmpty else { return }
        count(message.room) { $0.lost += rest.count }
        for number in rest.prefix(max(0, limits.maximumListed - report.lost.count)) {
            report.lost.append(
                Message(room: message.room, receiver: message.receiver, sender: message.sender, sequence: number))
        }
    }

    /// Removes a number from the missing ones.
    ///
    /// - Returns: False if it was not missing.
    private mutating func find(_ number: Int, _ stream: inout Stream) -> Bool {
        guard stream.missing.remove(number) != nil else { return false }
        missing -= 1
        return true
    }

    private mutating func count(_ room: String, _ change: (inout RoomReport) -> Void) {
        let name = rooms.count < limits.maximumRooms || rooms[room] != nil ? room : Self.otherRooms
        change(&rooms[name, default: RoomReport(room: name)])
    }

    /// Notes that a receiver has ended. Messages that are sent from now on need not reach it.
    mutating func receiverEnded(_ receiver: Int, at now: RunInstant) {
        if receivers[receiver] != nil { receivers[receiver] = now.nanoseconds }
    }

    /// Adds another loop's part. A receiver lives on one loop, so streams never collide.
    mutating func merge(_ other: DeliveryAudit) {
        sent.merge(other.sent) { one, two in one.last >= two.last ? one : two }
        streams.merge(other.streams) { one, _ in one }
        receivers.merge(other.receivers) { one, two in one.map { max($0, two ?? $0) } ?? two }
        missing += other.missing
        for (name, room) in other.rooms {
            count(name) {
                $0.sent += room.sent
                $0.delivered += room.delivered
                $0.lost += room.lost
                $0.doubled += room.doubled
                $0.outOfOrder += room.outOfOrder
            }
        }
        report.lost = Array((report.lost + other.report.lost).prefix(limits.maximumListed))
        report.doubled = Array((report.doubled + other.report.doubled).prefix(limits.maximumListed))
        report.outOfOrder = Array((report.outOfOrder + other.report.outOfOrder).prefix(limits.maximumListed))
        report.streamsNotAudited += other.report.streamsNotAudited
    }

    /// The result.
    ///
    /// - Parameter grace: a message sent less than this before a receiver ended may have been in flight and is not lost.
    public func finish(grace: Duration) -> Report {
        var result = self
        for (key, stream) in streams {
            let tail = self.tail(of: key, stream: stream, grace: grace)
            let lost = stream.missing.count + tail.count
            guard lost > 0 else { continue }
            result.count(key.room) { $0.lost += lost }
            for sequence in (stream.missing.sorted() + tail.first).prefix(max(0, limits.maximumListed - result.report.lost.count)) {
                result.report.lost.append(Message(room: key.room, receiver: key.receiver, sender: key.sender, sequence: sequence))
            }
        }
        var report = result.report
        report.rooms = result.rooms.values.sorted { $0.room < $1.room }
        let order: (Message, Message) -> Bool = {
            ($0.room, $0.receiver, $0.sender, $0.sequence) < ($1.room, $1.receiver, $1.sender, $1.sequence)
        }
        report.lost.sort(by: order)
        report.doubled.sort(by: order)
        report.outOfOrder.sort(by: order)
        return report
    }

    /// Numbers that were sent after the last one received, long enough before the receiver ended: how many, and the first of them for the
    /// report's list.
    private func tail(of key: StreamKey, stream: Stream, grace: Duration) -> (count: Int, first: [Int]) {
        guard let sent = self.sent[SenderKey(room: key.room, sender: key.sender)], sent.last >= stream.next else { return (0, []) }
        let end = ((receivers[key.receiver] ?? nil) ?? .max / 2) - grace.nanoseconds
        let recent = Dictionary(sent.recent.map { ($0.sequence, $0.at) }) { first, _ in first }
        // Numbers without a kept time were sent before those with one.
        let oldest = sent.recent.first?.at ?? .max
        let numbers = stream.next...sent.last
        let timed = recent.filter { numbers.contains($0.key) }
        let lost = timed.filter { $0.value < end }.count + (oldest < end ? numbers.count - timed.count : 0)
        return (lost, numbers.prefix(limits.maximumListed).filter { (recent[$0] ?? oldest) < end })
    }
}
