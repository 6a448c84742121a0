import EngineIOCore
import NIOCore
import NIOEmbedded
import SocketIOCore
import SocketIOTesting
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

    @Test("between two checks exactly 64 KiB must leave")
    func minimum() {
        #expect(verdicts(from: 1_000_000, 1_000_000 - 65_536) == [.moves])
        #expect(verdicts(from: 1_000_000, 1_000_000 - 65_535) == [.stalled])
    }

    @Test("each interval counts anew")
    func intervals() {
        #expect(verdicts(from: 200_000, 100_000, 30_000, 29_999) == [.moves, .moves, .stalled])
    }

    @Test("bytes that begin to wait within an interval have a whole interval")
    func later() {
        var watch = StallWatch()
        let first = watch.begin(waitingBytes: 1_000)
        watch.moved()
        let second = watch.begin(waitingBytes: 1_000)
        #expect([first, second] == [true, false], "one look at a time")
        let verdicts = [watch.look(waitingBytes: 1_000), watch.look(waitingBytes: 1_000)]
        #expect(verdicts == [.moves, .stalled])
    }

    @Test("when everything has left, the checks end")
    func done() {
        var watch = StallWatch()
        _ = watch.begin(waitingBytes: 1_000)
        let verdict = watch.look(waitingBytes: nil)
        let again = watch.begin(waitingBytes: 1_000)
        #expect(verdict == .done && again)
    }
}

@Suite("Clients that answer pings and do not read")
struct IntakeWatchTests {
    /// Looks at these seconds, with so many bytes sent and waiting.
    private func looks(_ looks: (second: Int64, sent: Int, waiting: Int)...) -> [Bool] {
        var watch = IntakeWatch()
        return looks.map {
            watch.look(
                sent: $0.sent, waiting: $0.waiting, now: .uptimeNanoseconds(0) + .seconds($0.second), interval: .seconds(30))
        }
    }

    @Test("a client that takes nothing for an interval is stalled, however little waits, and also while more comes")
    func stalled() {
        #expect(looks((25, 1_000, 1), (54, 1_000, 1), (55, 1_000, 1)) == [false, false, true])
        #expect(looks((25, 1_000, 900), (50, 9_000, 8_900), (75, 90_000, 89_900)) == [false, false, true])
    }

    @Test("a client that takes 64 KiB or all waiting bytes is not stalled, even if bytes wait at each check")
    func moving() {
        #expect(looks((25, 1_000_000, 900_000), (75, 1_000_000, 900_000 - 65_536)) == [false, false])
        #expect(looks((25, 1_000_000, 900_000), (75, 1_000_000, 900_000 - 65_535)) == [false, true])
        #expect(looks((25, 1_000, 10), (75, 1_020, 20), (125, 1_050, 30)) == [false, false, false])
        #expect(looks((25, 1_000, 10), (50, 1_000, 0), (75, 1_000, 10), (100, 1_000, 10)) == [false, false, false, false])
    }

    @Test("a client that sends pongs and never reads is closed, though the kernel has room for all that waits", arguments: [false, true])
    func closed(hops: Bool) async throws {
        var configuration = SocketIOConfiguration().patient
        // A client that has not moved between two looks is stalled.
        configuration.responseStallTimeout = .zero
        try await LoopPair.with(configuration) { pair in
            let client: SocketClient
            if hops {
                client = try await ProbedUpgrade(pair, isForwarded: true).client
                client.send(["5"])
            } else {
                client = try await pair.connect().client.upgrade("/socket.io/?EIO=4&transport=websocket")
            }
            client.send(["40"])
            while try await !client.next().hasPrefix("40") {}
            try await client.setReading(false)
            // More than the client's kernel takes, and less than the server's does on top.
            for _ in 0..<9 { pair.io.emit("news", String(repeating: "x", count: 12_000)) }
            // Looks at once, as often as it takes: each goes from loop to loop before it closes.
            for _ in 0..<1_000 where pair.io.statistics.connections > 0 {
                for loop in pair.loops {
                    try await loop.submit {
                        for connection in pair.io.shard(for: loop).shard.value.connections.all {
                            connection.deadlineDue(.ping, at: connection.shard.loop.now, lateness: .zero)
                            connection.receive(.pong, payload: ByteBuffer())
                        }
                    }.get()
                }
            }
            try #require(pair.io.statistics.slowClientCloses == 1)
            // The end stands behind what the client has not read. Its channel may have seen an error already.
            try? await client.setReading(true)
            try await client.closeFuture.get()
            #expect(pair.io.statistics.connections == 0)
        }
    }
}
