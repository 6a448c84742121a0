import Testing

@testable import SocketIOServer

@Suite("Clients that take their answers slowly")
struct StallWatchTests {
    /// Begins to wait with so many bytes, then looks.
    private func verdicts(from first: Int, _ looks: Int?...) -> [StallWatch.Verdict] {
        var watch = StallWatch()
        guard watch.begin(waitingBytes: first) else { return [] }
        return looks.map { watch.look(waitingBytes: $0) }
    }

    @Test("between two looks 64 KiB have to go out, not a byte less")
    func minimum() {
        #expect(verdicts(from: 1_000_000, 1_000_000 - 65_536) == [.moves])
        #expect(verdicts(from: 1_000_000, 1_000_000 - 65_535) == [.stalled])
    }

    @Test("each interval counts anew")
    func intervals() {
        #expect(verdicts(from: 200_000, 100_000, 30_000, 29_999) == [.moves, .moves, .stalled])
    }

    @Test("what begins to wait within an interval has a whole one of its own")
    func later() {
        var watch = StallWatch()
        let first = watch.begin(waitingBytes: 1_000)
        watch.moved()
        let second = watch.begin(waitingBytes: 1_000)
        #expect([first, second] == [true, false], "one look at a time")
        let verdicts = [watch.look(waitingBytes: 1_000), watch.look(waitingBytes: 1_000)]
        #expect(verdicts == [.moves, .stalled])
    }

    @Test("when all has gone out nobody looks any more")
    func done() {
        var watch = StallWatch()
        _ = watch.begin(waitingBytes: 1_000)
        let verdict = watch.look(waitingBytes: nil)
        let again = watch.begin(waitingBytes: 1_000)
        #expect(verdict == .done && again)
    }
}
