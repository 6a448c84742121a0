import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("What recovery keeps")
struct RecoveryLogTests {
    private func log(_ change: (inout RecoveryLimits) -> Void = { _ in }) -> RecoveryLog {
        var limits = RecoveryLimits()
        change(&limits)
        return RecoveryLog(limits: limits)
    }

    private func session(_ id: String, rooms: Set<String> = []) -> PersistedSession {
        PersistedSession(socketID: id, privateID: "p-\(id)", rooms: rooms, data: "data")
    }

    private func offset(_ packet: EventPacket) -> String { packet.arguments.last?.string ?? "" }

    @Test("a session comes back once, with the events that were meant for it since its offset")
    func restored() {
        var log = log()
        let rooms: [[String]] = [["r"], ["r"], [], ["other"], ["r", "other"], ["s"], ["r"]]
        let packets = rooms.enumerated().map { number, rooms in
            log.append(
                EventPacket("n\(number)", [number]), to: BroadcastOptions(rooms: rooms, except: number == 6 ? ["quiet"] : []), now: .zero)
        }
        #expect(packets[1].arguments.first?.int == 1 && Set(packets.map(offset)).count == packets.count)
        log.persist(session("s", rooms: ["r", "quiet"]), now: .seconds(1))
        let stranger = log.restore("p-other", offset: offset(packets[0]), now: .seconds(2))
        #expect(stranger == nil)
        let restored = log.restore("p-s", offset: offset(packets[0]), now: .seconds(2))
        #expect(restored?.missed.map(\.name) == ["n1", "n2", "n4", "n5"])
        #expect(restored?.session.socketID == "s" && restored?.session.data as? String == "data")
        let again = log.restore("p-s", offset: offset(packets[0]), now: .seconds(2))
        #expect(again == nil, "once")
    }

    @Test("an event for a room whose name only looks like a session's is not its own")
    func alike() {
        var log = log()
        let first = log.append(EventPacket("first", []), to: BroadcastOptions(), now: .zero)
        for (name, room) in [("composed", "caf\u{e9}"), ("decomposed", "cafe\u{301}")] {
            _ = log.append(EventPacket(name, []), to: BroadcastOptions(rooms: [room]), now: .zero)
            _ = log.append(EventPacket("not \(name)", []), to: BroadcastOptions(except: [room]), now: .zero)
        }
        log.persist(session("s", rooms: ["caf\u{e9}"]), now: .zero)
        let restored = log.restore("p-s", offset: offset(first), now: .zero)
        #expect(restored?.missed.map(\.name) == ["composed", "not decomposed"])
    }

    @Test("a claim with a private id or an offset of up to 64 bytes is read, and with one byte more the client begins anew")
    func claims() throws {
        func claim(pid: String, offset: String) throws -> SessionClaim? {
            var writer = JSONWriter()
            try writer.encode(["pid": pid, "offset": offset])
            return SessionClaim(try JSONSlice(validating: writer.buffer, maximumDepth: 2))
        }
        let longest = String(repeating: "p", count: 64)
        let claimed = try claim(pid: longest, offset: longest)
        #expect(claimed?.privateID == longest && claimed?.offset == longest)
        let marks = "a" + String(repeating: "\u{301}\u{327}", count: 16)
        for long in [longest + "p", marks] {
            #expect(try claim(pid: long, offset: "0") == nil)
            #expect(try claim(pid: "p", offset: long) == nil)
        }
        #expect(SessionClaim(nil) == nil)
    }

    @Test("an offset that is none, or of a packet that never was, gives nothing", arguments: ["", "-1", "zz", "1", "é", "0 "])
    func offsets(offset: String) {
        var log = log()
        _ = log.append(EventPacket("x", []), to: BroadcastOptions(), now: .zero)
        log.persist(session("s"), now: .zero)
        let restored = log.restore("p-s", offset: offset, now: .zero)
        #expect(restored == nil)
        #expect(log.sessionCount == 0)
    }

    @Test("a session and an event are kept for the time, and not a moment longer")
    func time() {
        for (later, isKept) in [(Duration.seconds(120), true), (.seconds(120) + .nanoseconds(1), false)] {
            var log = log()
            let packet = log.append(EventPacket("x", []), to: BroadcastOptions(), now: .zero)
            log.persist(session("s"), now: .zero)
            let restored = log.restore("p-s", offset: offset(packet), now: later)
            #expect((restored != nil) == isKept)
            #expect(log.packetCount == (isKept ? 1 : 0))
        }
    }

    @Test("as many sessions, events and bytes are kept as the limits say; the oldest make room")
    func limits() {
        var few = log {
            $0.maximumSessions = 2
            $0.maximumPackets = 2
        }
        let packets = (0..<3).map { few.append(EventPacket("n", [$0]), to: BroadcastOptions(), now: .zero) }
        #expect(few.packetCount == 2)
        for id in ["a", "b", "c"] { few.persist(session(id), now: .zero) }
        #expect(few.sessionCount == 2)
        let oldest = few.restore("p-a", offset: offset(packets[1]), now: .zero)
        #expect(oldest == nil)
        let late = few.restore("p-b", offset: offset(packets[0]), now: .zero)
        #expect(late == nil, "its event made room")
        let youngest = few.restore("p-c", offset: offset(packets[1]), now: .zero)
        #expect(youngest?.missed.count == 1)
        let cost = packets[0].byteCount + 256
        for (maximum, count) in [(3 * cost, 3), (3 * cost - 1, 2)] {
            var small = log { $0.maximumBytes = maximum }
            for number in 0..<3 { _ = small.append(EventPacket("n", [number]), to: BroadcastOptions(), now: .zero) }
            #expect(small.packetCount == count)
        }
    }

    @Test("the rooms that an event names, and those that it leaves out, count as its bytes do")
    func rooms() {
        let options = BroadcastOptions(rooms: ["r"], except: (1_000..<2_000).map { "socket\($0)" })
        #expect(options.byteCount == 64 * 1_001 + 1 + 10 * 1_000)
        var measured = log()
        let cost = measured.append(EventPacket("n", [0]), to: options, now: .zero).byteCount + 256 + options.byteCount
        for (maximum, count) in [(3 * cost, 3), (3 * cost - 1, 2)] {
            var small = log { $0.maximumBytes = maximum }
            for number in 0..<3 { _ = small.append(EventPacket("n", [number]), to: options, now: .zero) }
            #expect(small.packetCount == count)
        }
    }
}
