import NIOCore
import NIOEmbedded
import Testing

@testable import SocketIOServer

@Suite("How long a loop was held")
struct LoopStallTests {
    @Test("a timer that comes late shows it, the longest time is kept, and without connections nothing is looked at")
    func late() throws {
        try withEmbeddedServer { io, loop in
            #expect(io.statistics.longestStalls.isEmpty)
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let shard = io.shard(for: loop).shard.value
            // Time passes without the loop coming to its timers, as under a handler that computes.
            for (late, longest) in [(0, 0), (7, 7), (3, 7), (8, 8)] {
                shard.clock = { loop.now + .milliseconds(Int64(late)) }
                loop.advanceTime(by: LoopShard.stallProbeInterval)
                #expect(io.statistics.longestStalls == [.milliseconds(longest)])
            }
            try peer.frame(.close, ByteBuffer())
            #expect(try peer.messages() == ["close"])
            #expect(shard.connections.count == 0)
            loop.advanceTime(by: LoopShard.stallProbeInterval)
            #expect(!shard.watchesForStalls)
            _ = try EmbeddedPeer(io, loop: loop).upgrade()
            #expect(shard.watchesForStalls)
        }
    }
}
