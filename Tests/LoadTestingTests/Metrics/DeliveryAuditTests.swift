import Foundation
import NIOCore
import Testing

@testable import LoadTesting

@Suite("Delivery audit")
struct DeliveryAuditTests {
    private func tag(_ sequence: Int, sender: Int = 1, room: String = "r", at: Int64 = 0) -> AuditTag {
        AuditTag(room: room, sender: sender, sequence: sequence, sentAtNanoseconds: at)
    }

    private func audit(sent: Int, received: [Int], end: Int64 = 100_000_000_000) -> DeliveryAudit.Report {
        var audit = DeliveryAudit()
        for sequence in 1...sent { audit.sent(tag(sequence, at: Int64(sequence) * 1_000_000)) }
        for sequence in received {
            audit.received(tag(sequence, at: Int64(sequence) * 1_000_000), by: 2, at: RunInstant(nanoseconds: Int64(sequence) * 1_000_000))
        }
        audit.receiverEnded(2, at: RunInstant(nanoseconds: end))
        return audit.finish(grace: .seconds(1))
    }

    @Test("what arrives once and in order is right")
    func right() {
        let report = audit(sent: 100, received: Array(1...100))
        #expect(report.rooms == [DeliveryAudit.RoomReport(room: "r", sent: 100, delivered: 100)])
        #expect(report.lost.isEmpty && report.doubled.isEmpty && report.outOfOrder.isEmpty)
    }

    @Test("lost, doubled and swapped messages are named by their exact numbers")
    func exactNumbers() {
        var received = Array(1...500).filter { $0 % 100 != 0 }
        received.insert(200 + 1, at: received.firstIndex(of: 202)!)
        received.swapAt(received.firstIndex(of: 310)!, received.firstIndex(of: 311)!)
        let report = audit(sent: 500, received: received)
        #expect(report.lost.map(\.sequence) == [100, 200, 300, 400, 500])
        #expect(report.doubled.map(\.sequence) == [201])
        #expect(report.outOfOrder.map(\.sequence) == [310])
        #expect(report.rooms.map { [$0.lost, $0.doubled, $0.outOfOrder] } == [[5, 1, 1]])
    }

    @Test("what was sent before a receiver came is not lost, nor what was in flight when it left")
    func lateAndEarly() {
        let late = audit(sent: 100, received: Array(40...100))
        #expect(late.lost.isEmpty)
        // The receiver ended 1 s after message 60 was sent; the grace is 1 s.
        let early = audit(sent: 100, received: Array(1...55), end: 1_060_000_000)
        #expect(early.lost.map(\.sequence) == [56, 57, 58, 59])
    }

    @Test("a receiver that gets nothing more is told how many it lost, also beyond the numbers that are listed")
    func longTail() {
        let report = audit(sent: 30_000, received: [1])
        #expect(report.rooms == [DeliveryAudit.RoomReport(room: "r", sent: 30_000, delivered: 1, lost: 29_999)])
        #expect(report.lost.map(\.sequence) == Array(2...1_001))
        // The receiver ended 1 s after message 25,000 was sent, and only the times of the last 64 messages are kept.
        let early = audit(sent: 25_010, received: [1], end: 26_000_000_000)
        #expect(early.rooms.map(\.lost) == [24_998])
    }

    @Test("a number that no run can reach is no tag")
    func hugeNumbers() {
        func tags(_ sequence: Int) -> [AuditTag] {
            ByteBuffer(string: AuditTag(room: "r", sender: 1, sequence: sequence, sentAtNanoseconds: 0).text)
                .withUnsafeReadableBytes(AuditTag.find)
        }
        #expect(tags(AuditTag.maximumSequence).count == 1)
        #expect(tags(AuditTag.maximumSequence + 1).isEmpty)
    }

    @Test("merged parts of two loops give the same report")
    func merging() {
        var sender = DeliveryAudit()
        for sequence in 1...10 { sender.sent(tag(sequence)) }
        var receiver = DeliveryAudit()
        for sequence in [1, 2, 4, 4, 5, 6, 7, 8, 9, 10] { receiver.received(tag(sequence), by: 2, at: .zero) }
        sender.merge(receiver)
        let report = sender.finish(grace: .zero)
        #expect(report.lost.map(\.sequence) == [3] && report.doubled.map(\.sequence) == [4])
    }

    /// Two users of one room, with small limits.
    private func audit(_ change: (inout DeliveryAudit.Limits) -> Void, _ play: (inout DeliveryAudit) -> Void) -> DeliveryAudit.Report {
        var limits = DeliveryAudit.Limits()
        change(&limits)
        var audit = DeliveryAudit(limits: limits)
        play(&audit)
        return audit.finish(grace: .zero)
    }

    @Test("pairs of users up to the limit are audited; messages of others are counted as not audited", arguments: [(3, 0), (4, 1)])
    func streams(receivers: Int, notAudited: Int) {
        let report = audit({ $0.maximumStreams = 3 }) { audit in
            for receiver in 0..<receivers { audit.received(tag(1), by: receiver, at: .zero) }
        }
        #expect(report.streamsNotAudited == notAudited)
    }

    @Test("of senders beyond the limit all messages are counted, and the last are not missed", arguments: [(3, 3), (4, 3)])
    func senders(count: Int, lost: Int) {
        let report = audit({ $0.maximumSenders = 3 }) { audit in
            for sender in 0..<count {
                for sequence in 1...2 { audit.sent(tag(sequence, sender: sender)) }
                audit.received(tag(1, sender: sender), by: 99, at: .zero)
            }
        }
        #expect(report.rooms.first?.sent == 2 * count && report.rooms.first?.lost == lost)
    }

    @Test("rooms beyond the limit are counted together", arguments: [(3, 0), (5, 2)])
    func rooms(count: Int, others: Int) {
        let report = audit({ $0.maximumRooms = 3 }) { audit in
            for room in 0..<count { audit.sent(tag(1, room: "r\(room)")) }
        }
        #expect(report.rooms.first { $0.room == DeliveryAudit.otherRooms }?.sent ?? 0 == others)
        #expect(report.rooms.count == (others > 0 ? 4 : 3) && report.total(\.sent) == count)
    }

    @Test("beyond the limit of missing numbers they are lost at once, and all are counted", arguments: [(3, 0), (4, 1)])
    func missing(gap: Int, doubled: Int) {
        let report = audit({ $0.maximumMissing = 3 }) { audit in
            audit.received(tag(1), by: 2, at: .zero)
            audit.received(tag(gap + 2), by: 2, at: .zero)
            // The last number of the gap comes late: it is known only within the limit.
            audit.received(tag(gap + 1), by: 2, at: .zero)
        }
        #expect(report.total(\.lost) == gap - 1 + doubled && report.total(\.doubled) == doubled)
    }

    @Test("numbers up to the limit are listed, and all are counted", arguments: [(3, 3), (4, 3)])
    func listed(lost: Int, listed: Int) {
        let report = audit({ $0.maximumListed = 3 }) { audit in
            audit.received(tag(1), by: 2, at: .zero)
            audit.received(tag(lost + 2), by: 2, at: .zero)
        }
        #expect(report.lost.count == listed && report.total(\.lost) == lost)
    }

    @Test("a user who received no tagged message leaves nothing behind")
    func strangers() throws {
        var audit = DeliveryAudit()
        for user in 0..<10 { audit.receiverEnded(user, at: .zero) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try encoder.encode(audit) == encoder.encode(DeliveryAudit()))
    }

    @Test("tags are found wherever a server puts the text, and only whole ones")
    func finding() {
        let text = AuditTag(room: "room-1", sender: 12, sequence: 34, sentAtNanoseconds: 56).text
        let bytes = ByteBuffer(string: "[\"m\",{\"a\":\"x \(text) y\",\"b\":\"~dl:1:2\",\"c\":\"\(text)\"}]")
        let tags = bytes.withUnsafeReadableBytes(AuditTag.find)
        #expect(
            tags == [
                AuditTag(room: "room-1", sender: 12, sequence: 34, sentAtNanoseconds: 56),
                AuditTag(room: "room-1", sender: 12, sequence: 34, sentAtNanoseconds: 56),
            ])
        for cut in 1..<text.utf8.count {
            #expect(ByteBuffer(string: String(text.prefix(cut))).withUnsafeReadableBytes(AuditTag.find).isEmpty)
        }
    }

    @Test("two users in one room: counts of the audit, and the fan-out time of a broadcast")
    func inPlay() throws {
        let script = flow("- emit: [say, \"{{ $auditTag('r') }}\"]\n- think: 5")
        var sender = try FakePlay(script)
        sender.connect()
        let sent = try #require(sender.packets.first)
        var receiver = try FakePlay(parse(script))
        receiver.user = VirtualUser(
            UserStart(user: 9, scenario: 0, phase: 0, intendedAt: .zero), plan: receiver.compiled.scenarios[0],
            context: RunContext(receiver.compiled, seed: 1))
        receiver.connect(after: .milliseconds(5))
        try receiver.push(sent, after: .milliseconds(20))
        #expect(receiver.histogram("socketio.fanout_time")?.maximum == 20)
        var audit = sender.measurements.audit
        audit.merge(receiver.measurements.audit)
        let room = try #require(audit.finish(grace: .zero).rooms.first)
        #expect(room.sent == 2 && room.delivered == 1)
    }
}
