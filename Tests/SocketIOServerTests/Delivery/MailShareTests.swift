import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Whose mail holds up whom")
struct MailShareTests {
    private func events(_ count: Int) -> [String] { (0..<count).map { "42[\"n\",\($0)]" } }

    /// A server on two loops that stand still until told.
    private func withLoops(
        _ change: (inout SocketIOConfiguration) -> Void, _ body: (SocketIO, EmbeddedEventLoop, EmbeddedEventLoop) throws -> Void
    ) throws {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        try withEmbeddedServer(configuration) { io, loop in
            let other = EmbeddedEventLoop()
            let shard = io.shard(for: other).shard.value
            try body(io, loop, other)
            shard.end()
            try other.close()
        }
    }

    /// A client whose packets are each broadcast to all, and the numbers of those that were taken.
    private func sender(_ io: SocketIO, on loop: EmbeddedEventLoop) throws -> (client: LinkedClient, taken: Recorder<Int>) {
        let taken = Recorder<Int>()
        let client = try #require(LinkedClient(io, on: loop))
        client.socket.on("n") { request in
            taken.append(request.arguments.first.int ?? -1)
            io.emit("x")
        }
        return (client, taken)
    }

    /// A client whose packets cause no mail.
    private func listener(_ io: SocketIO, on loop: EmbeddedEventLoop) throws -> (client: LinkedClient, taken: Recorder<Int>) {
        let taken = Recorder<Int>()
        let client = try #require(LinkedClient(io, on: loop))
        client.socket.on("n") { taken.append($0.arguments.first.int ?? -1) }
        return (client, taken)
    }

    @Test("mail counts until it is carried out, also when it has been taken from the mailbox", arguments: [(8, false), (9, true)])
    func takenMail(letters: Int, exists: Bool) throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumMailboxItems = 3
        try withEmbeddedServer(configuration) { io, loop in
            let time = NIOLockedValueBox(NIODeadline.uptimeNanoseconds(1_000_000))
            let handle = io.shard(for: loop)
            let shard = handle.shard.value
            shard.clock = { time.withLockedValue { $0 } }
            for round in 1...2 {
                for _ in 0..<letters { handle.enqueue(.perform { time.withLockedValue { $0 = $0 + .microseconds(300) } }) }
                loop.run()
                #expect(shard.mail.count == letters - 5, "a millisecond of them is carried out, in round \(round)")
                #expect(shard.backlog.exists == exists)
                loop.advanceTime(by: .microseconds(50))
                #expect(shard.mail.isEmpty)
                #expect(!shard.backlog.exists, "given back in round \(round)")
                #expect(!shard.backlog.isNear)
            }
        }
    }

    @Test("no packets are taken from a client over its limit of mail until the mail is carried out; other clients are not affected")
    func ownLimit() throws {
        try withLoops {
            $0.maximumMailItemsPerConnection = 3
        } _: { io, loop, other in
            let heavy = try sender(io, on: loop)
            let light = try listener(io, on: loop)
            heavy.client.receive(events(9))
            // Two letters each, one for either loop.
            #expect(heavy.taken.all == [0, 1])
            #expect(heavy.client.link.holds == [true])
            loop.advanceTime(by: .milliseconds(20))
            #expect(heavy.taken.all == [0, 1, 2, 3], "three wait for the other loop at the fourth, and then it is one too many")
            light.client.receive(events(9))
            #expect(light.taken.all == Array(0..<9))
            heavy.client.receive(events(1))
            loop.advanceTime(by: .milliseconds(20))
            #expect(heavy.taken.all == [0, 1, 2, 3], "nor is one packet alone")
            other.run()
            loop.advanceTime(by: .milliseconds(20))
            #expect(heavy.taken.all == Array(0..<8), "as much fits again")
            other.run()
            loop.advanceTime(by: .milliseconds(20))
            #expect(heavy.taken.all == Array(0..<9) + [0])
            #expect(heavy.client.link.holds == [true, false])
        }
    }

    @Test("the bytes of a client's mail are limited as its number is", arguments: [(0, 3), (1, 2)])
    func ownBytes(extra: Int, taken: Int) throws {
        let cost = LoopMailbox.Item.broadcast(
            Broadcast(
                packet: EncodedPacket(EventPacket("x", []), namespace: "/"), namespace: SocketIO.mainIndex, options: BroadcastOptions())
        ).byteCount
        try withLoops {
            $0.maximumMailBytesPerConnection = 2 * cost - extra
        } _: { io, loop, _ in
            let heavy = try sender(io, on: loop)
            heavy.client.receive(events(9))
            loop.advanceTime(by: .milliseconds(20))
            #expect(heavy.taken.all.count == taken)
        }
    }

    @Test(
        "over half of a mailbox's limit only those are heard who have no mail that waits", arguments: [(1, 2), (2, 1)])
    func half(letters: Int, taken: Int) throws {
        try withLoops {
            $0.maximumMailboxItems = 4
        } _: { io, loop, other in
            let heavy = try sender(io, on: loop)
            let light = try listener(io, on: loop)
            for _ in 0..<letters { io.shard(for: other).enqueue(.perform {}) }
            heavy.client.receive(events(4))
            loop.advanceTime(by: .milliseconds(20))
            #expect(heavy.taken.all.count == taken)
            // It has had mail, which has been carried out.
            _ = light.client.connection.shareOfMail()
            light.client.receive(events(4))
            #expect(light.taken.all.count == 4)
            for _ in 0..<4 {
                other.run()
                loop.advanceTime(by: .milliseconds(20))
            }
            #expect(heavy.taken.all == Array(0..<4))
        }
    }

    @Test("what a client's mail sends on the loop that carries it out counts as that client's")
    func passedOn() throws {
        try withLoops {
            $0.maximumMailItemsPerConnection = 2
        } _: { io, loop, other in
            let client = try #require(LinkedClient(io, on: loop))
            let there = io.shard(for: other)
            let share = client.connection.shareOfMail()
            let isFull = Recorder<Bool>()
            client.socket.on("n") { _ in
                there.enqueue(
                    .perform {
                        // Beside the letter that is being carried out.
                        for _ in 0..<2 {
                            there.enqueue(.perform {})
                            isFull.append(share.isFull)
                        }
                    })
            }
            client.receive(events(1))
            other.run()
            #expect(isFull.all == [false, true])
            #expect(share.isEmpty, "all is carried out in the end")
        }
    }

    @Test("a client that is held up does not hold up others")
    func behindHeld() throws {
        try withLoops {
            $0.maximumMailItemsPerConnection = 0
        } _: { io, loop, other in
            let heavy = try sender(io, on: loop)
            let here = io.shard(for: loop)
            let light = try listener(io, on: loop)
            light.client.socket.on("n") { request in
                light.taken.append(request.arguments.first.int ?? -1)
                here.enqueue(.perform {})
            }
            heavy.client.receive(events(4))
            light.client.receive(events(4))
            #expect(here.shard.value.paused.count == 2)
            loop.advanceTime(by: .milliseconds(20))
            #expect(heavy.taken.all == [0])
            #expect(light.taken.all == Array(0..<4))
            other.run()
        }
    }

    @Test("what a task sends for a client counts as that client's")
    func ofTask() throws {
        try withLoops { _ in
        } _: { io, loop, other in
            let here = io.shard(for: loop)
            let share = MailShare(maximumItems: 2, maximumBytes: 10_000)
            let isFull = Recorder<Bool>()
            MailShare.$ofTask.withValue(share) {
                io.emit("x")
                isFull.append(share.isFull)
                io.shard(for: other).enqueue(.perform {})
                isFull.append(share.isFull)
            }
            here.enqueue(.perform {})
            #expect(isFull.all == [false, true])
            loop.run()
            other.run()
            #expect(share.isEmpty)
        }
    }

    /// Calls to it leave the task's thread, and not the task.
    private actor Announcer {
        func sender() -> MailShare? { MailShare.ofTask }
    }

    @Test("asynchronous handlers, actors that they call, and what follows a middleware work for their client")
    func asynchronous() async throws {
        try await LoopPair.with { pair in
            let (senders, continuation) = AsyncStream.makeStream(of: Bool.self)
            let announcer = Announcer()
            pair.io.use { _ in }
            pair.io.onConnection { socket in
                let share = socket.connection.shareOfMail()
                continuation.yield(socket.connection.shard.mailSender === share)
                for isConcurrent in [false, true] {
                    socket.on("n\(isConcurrent)", concurrently: isConcurrent) { _ in
                        continuation.yield(await announcer.sender() === share)
                    }
                }
            }
            let client = try await pair.connect().client.upgrade("/socket.io/?EIO=4&transport=websocket")
            client.send(["40"])
            while try await !client.next().hasPrefix("40") {}
            client.send(["42[\"nfalse\"]", "42[\"ntrue\"]"])
            var count = 0
            for await isOwn in senders {
                #expect(isOwn)
                count += 1
                if count == 3 { break }
            }
            #expect(count == 3)
        }
    }

    @Test("a POST is held as a WebSocket is, for the mail of its own client")
    func polling() throws {
        try withLoops {
            $0.maximumMailItemsPerConnection = 3
        } _: { io, loop, other in
            let taken = Recorder<Int>()
            io.onConnection { socket in
                socket.on("n") { request in
                    taken.append(request.arguments.first.int ?? -1)
                    io.emit("x")
                }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            _ = try peer.request("POST", target, body: "40")
            let body = (0..<5).map { "42[\"n\",\($0)]" }.joined(separator: "\u{1e}")
            try peer.send("POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            loop.advanceTime(by: .milliseconds(20))
            #expect(taken.all == [0, 1, 2, 3])
            other.run()
            loop.advanceTime(by: .milliseconds(20))
            #expect(taken.all == [0, 1, 2, 3, 4])
            #expect(try peer.output().hasSuffix("ok"))
            peer.finish()
        }
    }

    @Test("a connection that is closed while it is held reads on, and sees the peer's end")
    func closedWhileHeld() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumMailItemsPerConnection = 0
        try withEmbeddedServer(configuration) { io, loop in
            io.onConnection { socket in socket.on("n") { _ in io.emit("x") } }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let shard = io.shard(for: loop).shard.value
            try peer.texts(events(4))
            let before = peer.reads
            peer.channel.read()
            #expect(peer.reads == before, "it is held")
            let socket = try #require(shard.main.sockets.values.first)
            let link = try #require(socket.connection.webSocket).link
            socket.disconnect(close: true)
            #expect(peer.reads == before + 1)
            peer.channel.read()
            #expect(peer.reads == before + 2)
            // From a session on another loop, which did not know.
            link.holdReading(true)
            peer.channel.read()
            #expect(peer.reads == before + 3)
            loop.advanceTime(by: .seconds(1))
            #expect(shard.paused.isEmpty)
            peer.finish()
        }
    }
}
