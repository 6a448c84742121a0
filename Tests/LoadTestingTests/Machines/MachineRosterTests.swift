import NIOCore
import RedisCore
import Testing

@testable import LoadTesting

@Suite("Machines of a run")
struct MachineRosterTests {
    private func roster(_ wanted: Int) -> MachineRoster { MachineRoster(wanted: wanted, version: "1") }

    @Test("a run begins when enough machines have come; later ones do not play")
    func enough() {
        var roster = roster(2)
        #expect(roster.volunteered("a", name: "A", version: "1", at: .zero) == nil)
        #expect(roster.choose(at: .zero) == .wait(have: 1))
        for id in ["b", "c"] { _ = roster.volunteered(id, name: id, version: "1", at: .seconds(1)) }
        guard case .begin(let machines, let joins) = roster.choose(at: .seconds(1)) else {
            Issue.record("it does not begin")
            return
        }
        #expect(machines.map(\.id) == ["a", "b"] && !joins)
    }

    @Test("if one machine is missing for five seconds, the coordinating one plays its part; if two are, it waits")
    func joining() {
        var one = roster(2), two = roster(3)
        for second in 0...30 {
            let now = Duration.seconds(second)
            _ = one.volunteered("a", name: "A", version: "1", at: now)
            _ = two.volunteered("a", name: "A", version: "1", at: now)
            #expect(two.choose(at: now) == .wait(have: 1))
            guard second <= 5 else { continue }
            let choice = one.choose(at: now)
            if second < 5 {
                #expect(choice == .wait(have: 1))
            } else if case .begin(let machines, let joins) = choice {
                #expect(machines.map(\.id) == ["a"] && joins)
            } else {
                Issue.record("it does not begin")
            }
        }
    }

    @Test("a run for one machine that nobody else plays begins by itself")
    func alone() {
        var roster = roster(1)
        #expect(roster.choose(at: .zero) == .wait(have: 0))
        #expect(roster.choose(at: .seconds(5)) == .begin([], joins: true))
    }

    @Test("volunteers that are silent, have left, or have another version do not count")
    func gone() {
        var roster = roster(2)
        _ = roster.volunteered("silent", name: "S", version: "1", at: .zero)
        _ = roster.volunteered("left", name: "L", version: "1", at: .seconds(4))
        roster.left("left")
        #expect(roster.volunteered("old", name: "O", version: "0.9", at: .seconds(4))?.contains("'O' has version 0.9") == true)
        #expect(roster.choose(at: .milliseconds(4_999)) == .wait(have: 1))
        #expect(roster.choose(at: .seconds(5)) == .wait(have: 0))
    }

    @Test("a player is lost at ten seconds of silence, not before, and once")
    func losses() {
        var roster = roster(1)
        _ = roster.volunteered("a", name: "A", version: "1", at: .zero)
        _ = roster.choose(at: .seconds(1))
        roster.heard("a", at: .seconds(3))
        #expect(roster.newlyLost(at: .milliseconds(12_999)).isEmpty)
        let lost = roster.newlyLost(at: .seconds(13))
        #expect(lost.map(\.share) == [0] && lost.map(\.name) == ["A"])
        #expect(roster.newlyLost(at: .seconds(14)).isEmpty)
    }

    private func entry(_ number: Int, part: Int, last: Bool, _ text: String) -> RedisStreamEntry {
        RedisStreamEntry(
            id: "1-1",
            fields: [
                ("machine", ByteBuffer(string: "m")), ("number", ByteBuffer(string: "\(number)")), ("part", ByteBuffer(string: "\(part)")),
                ("last", ByteBuffer(string: last ? "1" : "0")), ("text", ByteBuffer(string: text)),
            ])
    }

    @Test("a report that was sent twice counts once, and one that was interrupted begins again")
    func assembling() throws {
        var assembler = ReportAssembler()
        let text = try RunBoard.text(MachineReport.ended(worker: 3, reason: "x"))
        let (first, second) = (String(text.prefix(5)), String(text.dropFirst(5)))
        #expect(assembler.take(entry(0, part: 0, last: true, try RunBoard.text(MachineReport.alive))) != nil)
        // The second part was never sent; the report comes again.
        #expect(assembler.take(entry(1, part: 0, last: false, first)) == nil)
        #expect(assembler.take(entry(1, part: 0, last: false, first)) == nil)
        guard case .ended(worker: 3, reason: "x")? = assembler.take(entry(1, part: 1, last: true, second))?.report else {
            Issue.record("the report is lost")
            return
        }
        #expect(assembler.take(entry(1, part: 0, last: false, first)) == nil)
        #expect(assembler.take(entry(1, part: 1, last: true, second)) == nil)
        #expect(assembler.take(entry(2, part: 0, last: true, "nonsense")) == nil)
    }
}
