import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("A fair share of the loop")
struct FairnessTests {
    /// A time that passes as the test's handlers say.
    private final class ManualTime: Sendable {
        private let time = NIOLockedValueBox(NIODeadline.uptimeNanoseconds(1_000_000))
        var now: NIODeadline { time.withLockedValue { $0 } }
        func pass(_ microseconds: Int64) { time.withLockedValue { $0 = $0 + .microseconds(microseconds) } }
    }

    /// A server whose turns are a millisecond of a time of the test's own.
    private func withServer(
        _ change: (inout SocketIOConfiguration) -> Void = { _ in }, _ body: (SocketIO, EmbeddedEventLoop, ManualTime) throws -> Void
    ) throws {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        try withEmbeddedServer(configuration) { io, loop in
            let time = ManualTime()
            io.shard(for: loop).shard.value.clock = { time.now }
            try body(io, loop, time)
        }
    }

    private func events(_ range: Range<Int>) -> [String] { range.map { "42[\"n\",\($0)]" } }

    @Test("a connection whose packets take long gives way after a millisecond, and goes on where it was")
    func turns() throws {
        try withServer { io, loop, time in
            let seen = Recorder<String>()
            let heavy = try #require(LinkedClient(io, on: loop))
            let light = try #require(LinkedClient(io, on: loop))
            for (name, client, cost) in [("heavy", heavy, Int64(300)), ("light", light, 1)] {
                client.socket.on("n") { request in
                    time.pass(cost)
                    seen.append("\(name) \(request.arguments.first.int ?? -1)")
                }
            }
            heavy.receive(events(0..<12))
            // Time is looked at from the second packet on: one of 300 µs, then 1,000 µs and what began before them.
            #expect(seen.all == (0..<5).map { "heavy \($0)" })
            #expect(heavy.link.holds == [true], "nothing more is read meanwhile")
            // What comes all the same waits behind what is there.
            heavy.receive(events(12..<14))
            light.receive(events(0..<3))
            #expect(seen.all.count == 8)
            loop.advanceTime(by: .microseconds(50))
            #expect(seen.all.dropFirst(8) == ArraySlice((5..<10).map { "heavy \($0)" }))
            light.receive(events(3..<4))
            loop.advanceTime(by: .microseconds(50))
            #expect(seen.all.dropFirst(13) == ArraySlice(["light 3"] + (10..<14).map { "heavy \($0)" }))
            #expect(heavy.link.holds == [true, false])
            heavy.receive(events(14..<15))
            #expect(seen.all.last == "heavy 14")
        }
    }

    @Test("connections that have had their turn go on one after the other")
    func roundRobin() throws {
        try withServer { io, loop, time in
            let seen = Recorder<Int>()
            let clients = try (0..<3).map { _ in try #require(LinkedClient(io, on: loop)) }
            for (index, client) in clients.enumerated() {
                client.socket.on("n") { _ in
                    time.pass(2_000)
                    seen.append(index)
                }
                client.receive(events(0..<6))
            }
            // Two each: the time of the first is not measured.
            #expect(seen.all == [0, 0, 1, 1, 2, 2])
            for _ in 0..<6 { loop.advanceTime(by: .microseconds(50)) }
            #expect(seen.all.dropFirst(6) == [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2])
        }
    }

    @Test("short packets need no second turn, however many")
    func short() throws {
        try withServer { io, loop, time in
            let seen = Recorder<Int>()
            let client = try #require(LinkedClient(io, on: loop))
            client.socket.on("n") { seen.append($0.arguments.first.int ?? -1) }
            client.receive(events(0..<5_000))
            #expect(seen.all == Array(0..<5_000))
            #expect(client.link.holds.isEmpty)
            // And the turns of batches are not added up.
            for number in 0..<20 {
                time.pass(900)
                client.receive(events(number..<(number + 2)))
            }
            #expect(seen.all.count == 5_040)
        }
    }

    @Test("pings and binary messages are packets too")
    func otherFrames() throws {
        try withServer { io, loop, time in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let shard = io.shard(for: loop).shard.value
            shard.clock = {
                time.pass(300)
                return time.now
            }
            var batch = ByteBuffer()
            for _ in 0..<40 { batch.writeBytes([0x89, 0x80, 0, 0, 0, 0]) }
            try peer.channel.writeInbound(batch)
            let first = try peer.messages()
            #expect(first.count > 1 && first.count < 40)
            var all = first
            while let more = try? next(peer, loop), !more.isEmpty { all += more }
            #expect(all.count == 40)
            peer.finish()
        }
    }

    private func next(_ peer: EmbeddedPeer, _ loop: EmbeddedEventLoop) throws -> [String] {
        loop.advanceTime(by: .microseconds(50))
        return try peer.messages()
    }

    @Test("a client that is gone is still heard to the end, then its socket ends")
    func goneMeanwhile() throws {
        try withServer { io, loop, time in
            let seen = Recorder<String>()
            let client = try #require(LinkedClient(io, on: loop))
            client.socket.on("n") { request in
                time.pass(2_000)
                seen.append("\(request.arguments.first.int ?? -1)")
            }
            client.socket.onDisconnect { seen.append($0.rawValue) }
            client.receive(events(0..<5))
            client.transport.inactive(error: false)
            #expect(seen.all == ["0", "1"])
            for _ in 0..<2 { loop.advanceTime(by: .microseconds(50)) }
            #expect(seen.all == ["0", "1", "2", "3", "4", "transport close"])
            #expect(io.statistics.connections == 0)
        }
    }

    // MARK: Polling

    private func post(_ target: String, _ body: String) -> String {
        "POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A polling client that has joined; `n` takes that long. Returns the target of its requests.
    private func join(_ peer: EmbeddedPeer) throws -> String {
        let target = try peer.openPolling()
        _ = try peer.request("POST", target, body: "40")
        return target
    }

    @Test("a POST whose packets take long gives way after a millisecond, goes on where it was, and then has its answer")
    func postTurns() throws {
        try withServer { io, loop, time in
            let seen = Recorder<String>()
            io.onConnection { socket in
                socket.on("n") { request in
                    time.pass(300)
                    seen.append("\(request.arguments.first.int ?? -1)")
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try join(peer)
            let light = try #require(LinkedClient(io, on: loop))
            light.socket.on("n") { _ in seen.append("light") }
            try peer.send(post(target, events(0..<12).map { "4" + $0.dropFirst() }.joined(separator: "\u{1e}")))
            #expect(try peer.output() == "")
            #expect(seen.all == (0..<5).map { "\($0)" }, "a task that is executed at once would come before other connections")
            light.receive(events(0..<1))
            for _ in 0..<2 { loop.advanceTime(by: .microseconds(50)) }
            #expect(seen.all == (0..<5).map { "\($0)" } + ["light"] + (5..<12).map { "\($0)" })
            #expect(try peer.output().hasSuffix("ok"))
            peer.finish()
        }
    }

    @Test("requests that take long give way after a millisecond")
    func requestTurns() throws {
        try withServer { io, loop, time in
            let seen = Recorder<Int>()
            io.onConnection { socket in
                socket.on("n") { request in
                    time.pass(600)
                    seen.append(request.arguments.first.int ?? -1)
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try join(peer)
            try peer.send((0..<5).map { post(target, "42[\"n\",\($0)]") }.joined())
            loop.run()
            #expect(seen.all == [0, 1, 2], "the third began after 1.2 ms, and is the last")
            loop.advanceTime(by: .microseconds(50))
            #expect(seen.all == [0, 1, 2, 3, 4])
            peer.finish()
        }
    }

    @Test("while a loop is behind with its mail no POST is gone on with")
    func postsAndBacklog() throws {
        try withServer { io, loop, _ in
            let seen = Recorder<Int>()
            io.onConnection { socket in
                socket.on("n") { seen.append($0.arguments.first.int ?? -1) }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try join(peer)
            let backlog = io.shard(for: loop).shard.value.backlog
            backlog.began()
            try peer.send(post(target, (0..<9).map { "42[\"n\",\($0)]" }.joined(separator: "\u{1e}")))
            loop.advanceTime(by: .milliseconds(5))
            #expect(seen.all == [])
            backlog.ended()
            loop.advanceTime(by: .milliseconds(1))
            #expect(seen.all == Array(0..<9))
            #expect(try peer.output().hasSuffix("ok"))
            peer.finish()
        }
    }

    @Test("a server that ends does not wait for turns")
    func ended() throws {
        try withServer { io, loop, time in
            let seen = Recorder<Int>()
            let client = try #require(LinkedClient(io, on: loop))
            client.socket.on("n") { request in
                time.pass(2_000)
                seen.append(request.arguments.first.int ?? -1)
            }
            client.receive(events(0..<5))
            io.shard(for: loop).shard.value.end()
            loop.advanceTime(by: .seconds(1))
            #expect(seen.all == [0, 1])
            #expect(client.link.isClosed)
        }
    }

    @Test("mail takes a millisecond a turn, in its order, and a handler's own broadcasts do not overtake what is left")
    func mail() throws {
        try withServer { io, loop, time in
            let client = try #require(LinkedClient(io, on: loop))
            client.socket.join("r")
            let seen = Recorder<Int>()
            loop.run()
            let handle = io.shard(for: loop)
            for number in 0..<9 {
                handle.enqueue(
                    .perform {
                        time.pass(300)
                        seen.append(number)
                    })
            }
            io.to("r").emit("last")
            loop.run()
            #expect(seen.all == Array(0..<5))
            client.socket.emit("behind")
            loop.run()
            #expect(seen.all == Array(0..<5), "a new letter is no reason to go on")
            loop.advanceTime(by: .microseconds(50))
            #expect(seen.all == Array(0..<9))
            loop.run()
            #expect(client.link.messages.suffix(2) == [#"42["last"]"#, #"42["behind"]"#])
        }
    }

    @Test("writing to many takes a millisecond a turn, and leaves nobody out")
    func writes() throws {
        try withServer { io, loop, time in
            let clients = try (0..<12).map { _ in try #require(LinkedClient(io, on: loop)) }
            loop.run()
            for client in clients { client.link.onWrite = { time.pass(300) } }
            io.emit("x")
            loop.run()
            func reached() -> Int { clients.count { $0.link.messages.last == #"42["x"]"# } }
            #expect(reached() == 5)
            io.emit("y")
            loop.run()
            loop.advanceTime(by: .microseconds(50))
            #expect(reached() < 12)
            for _ in 0..<4 { loop.advanceTime(by: .microseconds(50)) }
            for client in clients { #expect(client.link.messages.suffix(2) == [#"42["x"]"#, #"42["y"]"#]) }
        }
    }

    @Test("while a loop has more mail than the limit, no loop takes packets from its clients", arguments: [(3, 5), (4, 0)])
    func backlog(letters: Int, taken: Int) throws {
        let other = EmbeddedEventLoop()
        try withServer({ $0.maximumMailboxItems = 3 }) { io, loop, _ in
            let mailbox = io.shard(for: other)
            let seen = Recorder<Int>()
            let client = try #require(LinkedClient(io, on: loop))
            client.socket.on("n") { seen.append($0.arguments.first.int ?? -1) }
            for _ in 0..<letters { mailbox.enqueue(.perform {}) }
            client.receive(events(0..<5))
            #expect(seen.all.count == taken)
            loop.advanceTime(by: .milliseconds(5))
            #expect(seen.all.count == taken)
            other.run()
            loop.advanceTime(by: .milliseconds(1))
            #expect(seen.all == Array(0..<5))
            mailbox.shard.value.end()
        }
        try other.close()
    }

    @Test("mail is limited in bytes and in number", arguments: [(0, false), (1, true)])
    func backlogBytes(extra: Int, exists: Bool) throws {
        let text = String(repeating: "x", count: 1_000)
        let packet = EncodedPacket(EventPacket("x", [text]), namespace: "/")
        let cost = LoopMailbox.Item.broadcast(
            Broadcast(packet: packet, namespace: SocketIO.mainIndex, options: BroadcastOptions())
        ).byteCount
        try withServer({ $0.maximumMailboxBytes = 3 * cost - extra }) { io, loop, _ in
            let shard = io.shard(for: loop).shard.value
            for _ in 0..<3 { io.emit("x", text) }
            #expect(shard.backlog.exists == exists)
            loop.run()
            #expect(!shard.backlog.exists)
            for _ in 0..<3 { io.emit("x", text) }
            #expect(shard.backlog.exists == exists, "as much fits again")
            loop.run()
        }
    }

    @Test("a budget is spent when its time is, and not a moment before")
    func budget() {
        func steps(of step: TimeAmount, limit: TimeAmount) -> Int {
            var budget = TurnBudget(limit)
            var now = NIODeadline.uptimeNanoseconds(1)
            for count in 0..<10_000 {
                if budget.needsTime, budget.isSpent(at: now) { return count }
                budget.step()
                now = now + step
            }
            return 10_000
        }
        #expect(steps(of: .milliseconds(10), limit: .milliseconds(1)) == 2)
        #expect(steps(of: .microseconds(100), limit: .milliseconds(1)) == 11)
        // Short steps are looked at in fours, from the second on.
        #expect(steps(of: .microseconds(1), limit: .microseconds(100)) == 102)
        #expect(steps(of: .microseconds(0), limit: .milliseconds(1)) == 10_000)
    }
}
