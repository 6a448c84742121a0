import EngineIOCore
import HeapModule
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("What one client can make a socket keep")
struct KeptTests {
    private func configuration(_ change: (inout SocketIOConfiguration) -> Void) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        return configuration
    }

    /// What an event of the tests takes in memory: it is small, and its packet's buffer is not.
    private static let event = 512 + LoopShard.packetCapacity

    @Test("a small attachment keeps no larger buffer that the decoder has used before")
    func smallAttachment() throws {
        try withEmbeddedServer { io, loop in
            let capacities = Recorder<Int>()
            io.onConnection { socket in
                socket.on("x") { request in capacities.append(request.arguments.attachments[0].storageCapacity) }
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            for count in [10_000, 1] {
                try peer.text(#"451-["x",{"_placeholder":true,"num":0}]"#)
                try peer.frame(.binary, ByteBuffer(repeating: 7, count: count))
            }
            #expect(capacities.all.count == 2 && capacities.all.last ?? .max <= 1_026)
            peer.finish()
        }
    }

    @Test("events behind an asynchronous handler wait up to the limit of memory, and one more closes; then as many fit again")
    func heldBytes() async throws {
        for (limit, connections) in [(3 * Self.event, 1), (3 * Self.event - 1, 0)] {
            let gate = Gate()
            let seen = Recorder<String>()
            try await withLinkedClient(configuration { $0.maximumHeldBytes = limit }) { io, loop, client in
                let left = try await loop.submit { () -> Int in
                    let linked = client.value
                    linked.socket.on("hold", perform: { _ in await gate.pass() })
                    linked.socket.on("x") { _ in seen.append("x") }
                    linked.receive([#"42["hold"]"#] + Array(repeating: #"42["x"]"#, count: 3))
                    return io.statistics.connections
                }.get()
                #expect(left == connections)
                gate.open()
                await io.shutdown()
            }
        }
    }

    @Test("what was counted for held events is given back when they are handled")
    func givenBack() throws {
        // With an argument each, whose position is kept.
        try withEmbeddedServer(configuration { $0.maximumHeldBytes = 3 * (Self.event + 8) }) { io, loop in
            let client = try #require(LinkedClient(io, on: loop))
            let seen = Recorder<Int>()
            client.socket.on("x") { seen.append($0.arguments.first.int ?? -1) }
            for round in 0..<5 {
                client.socket.isHolding = true
                client.receive((0..<3).map { "42[\"x\",\(3 * round + $0)]" })
                #expect(io.statistics.connections == 1, "round \(round)")
                client.socket.resume()
            }
            #expect(seen.all == Array(0..<15))
            #expect(client.socket.kept?.bytes == 0)
            client.socket.isHolding = true
            client.receive((0..<4).map { "42[\"x\",\($0)]" })
            #expect(io.statistics.connections == 0)
        }
    }

    @Test("events in concurrent handlers are counted like those that wait", arguments: [(3, 1), (4, 0)])
    func concurrent(events: Int, connections: Int) async throws {
        let gate = Gate()
        try await withLinkedClient(configuration { $0.maximumHeldEvents = 3 }) { io, loop, client in
            let left = try await loop.submit { () -> Int in
                let linked = client.value
                linked.socket.on("work", concurrently: true, perform: { _ in await gate.pass() })
                linked.receive(Array(repeating: #"42["work"]"#, count: events))
                return io.statistics.connections
            }.get()
            #expect(left == connections)
            gate.open()
            await io.shutdown()
        }
    }

    @Test("a socket's rooms may have as many bytes as the limit says, names and all, and not one more; then as many again")
    func roomBytes() throws {
        let limit = 3 * (224 + 10)
        try withEmbeddedServer(configuration { $0.maximumRoomBytesPerSocket = limit }) { io, loop in
            let client = try #require(LinkedClient(io, on: loop))
            let socket = client.socket
            for name in ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "d"] { socket.join(name) }
            #expect(socket.rooms.count == 4, "three and its own")
            socket.leave("bbbbbbbbbb")
            socket.join("eeeeeeeeeee")
            #expect(socket.rooms.count == 3, "a byte too long")
            socket.join("eeeeeeeeee")
            #expect(socket.rooms.count == 4)
            for name in socket.rooms { socket.leave(name) }
            #expect(socket.memberships.byteCount == 0)
        }
    }

    @Test("an auth as large as the limit joins, a larger one closes", arguments: [(0, true), (1, false)])
    func authBytes(extra: Int, joins: Bool) throws {
        try withEmbeddedServer(configuration { $0.maximumAuthBytes = 100 }) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            _ = try peer.messages()
            try peer.text("40{\"a\":\"" + String(repeating: "x", count: 100 - 8 + extra) + "\"}")
            #expect(try peer.messages().first?.hasPrefix("40{") == joins)
            #expect(io.statistics.connections == (joins ? 1 : 0))
            peer.finish()
        }
    }

    @Test("an auth and an event's arguments keep their own bytes, and not the body of the POST that they came in")
    func ownBytes() throws {
        try withEmbeddedServer { io, loop in
            let kept = Recorder<Arguments>()
            io.onConnection { socket in socket.on("n") { kept.append($0.arguments) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            let long = "42[\"x\",\"\(String(repeating: "x", count: 100_000))\"]"
            let body = ["40{\"token\":\"t\"}", "42[\"n\",1]", "42[\"n\",2]", long].joined(separator: "\u{1e}")
            #expect(try peer.request("POST", target, body: body).hasSuffix("ok"))
            let socket = try #require(io.shard(for: loop).shard.value.main.sockets.values.first)
            let auth = try #require(socket.handshake.auth)
            #expect(auth["token"]?.string == "t")
            #expect(auth.bytes.storageCapacity <= 4_096)
            #expect(kept.all.map { $0.first.int } == [1, 2], "kept ones are not written over")
            for arguments in kept.all { #expect(arguments.packet.capacity <= 4_096) }
            peer.finish()
        }
    }

    // MARK: Handshakes

    @Test("large handshakes share a limit, an address's a smaller one; small ones always fit, and what has gone makes room")
    func handshakes() throws {
        let change: (inout SocketIOConfiguration) -> Void = {
            $0.smallHandshakeBytes = 2_000
            $0.maximumHandshakeBytes = 9_000
            $0.maximumHandshakeBytesPerAddress = 7_000
        }
        try withEmbeddedServer(configuration(change)) { io, loop in
            let handshake = "/socket.io/?EIO=4&transport=polling"
            let large = ["X-Large: " + String(repeating: "x", count: 3_000)]
            func open(_ fields: [String]) throws -> (peer: EmbeddedPeer, isOpen: Bool) {
                let peer = try EmbeddedPeer(io, loop: loop)
                return (peer, try peer.request("GET", handshake, headers: fields).hasPrefix("HTTP/1.1 200 "))
            }
            let first = try open(large), second = try open(large), third = try open(large), small = try open([])
            #expect([first, second, third, small].map(\.isOpen) == [true, true, false, true])
            let used = io.handshakes.inUse
            #expect(used.all == used.byAddress && used.all > 6_000 && used.all <= 7_000)
            // Of other addresses there is less than one left.
            #expect(!io.handshakes.keep(3_000, insteadOf: 0, from: "10.0.0.1"))
            #expect(io.handshakes.keep(9_000 - used.all, insteadOf: 0, from: "10.0.0.1"))
            #expect(!io.handshakes.keep(1, insteadOf: 0, from: "10.0.0.2"))
            #expect(io.handshakes.keep(0, insteadOf: 9_000 - used.all, from: "10.0.0.1"))
            #expect(io.handshakes.keep(7_000 - used.all, insteadOf: 0, from: "127.0.0.1"))
            #expect(!io.handshakes.keep(1, insteadOf: 0, from: "127.0.0.1"))
            #expect(io.handshakes.keep(0, insteadOf: 7_000 - used.all, from: "127.0.0.1"))
            for connection in io.shard(for: loop).shard.value.connections.all { connection.close(.forcedClose) }
            #expect(io.handshakes.inUse == (0, 0))
            let again = [try open(large), try open(large)]
            #expect(again.map(\.isOpen) == [true, true])
            for connection in io.shard(for: loop).shard.value.connections.all { connection.close(.forcedClose) }
            for one in [first, second, third, small] + again { one.peer.finish() }
        }
    }

    @Test("a session that is refused for another reason leaves nothing of its handshake")
    func refusedHandshake() throws {
        try withEmbeddedServer(configuration { $0.maximumSessions = 1 }) { io, loop in
            #expect(io.openSession(from: "a", polls: true, handshakeBytes: 5_000))
            #expect(!io.openSession(from: "a", polls: true, handshakeBytes: 5_000))
            #expect(io.handshakes.inUse == (5_000, 5_000))
        }
    }

    @Test("an auth counts with the handshake, and one that there is no room for closes")
    func handshakesWithAuth() throws {
        let change: (inout SocketIOConfiguration) -> Void = {
            $0.smallHandshakeBytes = 2_000
            $0.maximumHandshakeBytesPerAddress = 5_000
        }
        try withEmbeddedServer(configuration(change)) { io, loop in
            func join() throws -> EmbeddedPeer {
                let peer = try EmbeddedPeer(io, loop: loop)
                _ = try peer.upgrade()
                _ = try peer.messages()
                try peer.text("40{\"a\":\"" + String(repeating: "x", count: 2_500) + "\"}")
                return peer
            }
            let peers = [try join(), try join()]
            #expect(try peers.map { try $0.messages().first?.hasPrefix("40{") } == [true, false])
            #expect(io.statistics.connections == 1)
            try peers[0].text("41")
            try peers[0].text("40")
            #expect(io.handshakes.inUse == (0, 0), "the next auth takes the place of the last")
            for peer in peers { peer.finish() }
        }
    }

    // MARK: Acknowledgements

    @Test("a socket may owe as many acknowledgements as the limit says, and one more fails at once; answers make room")
    func acknowledgements() throws {
        try withEmbeddedServer(configuration { $0.maximumPendingAcknowledgements = 3 }) { io, loop in
            let client = try #require(LinkedClient(io, on: loop))
            let answers = Recorder<String>()
            func ask(_ name: String) { client.socket.emit("q") { answers.append(name + ($0 == nil ? " fails" : "")) } }
            for name in ["a", "b", "c", "d"] { ask(name) }
            #expect(answers.all == ["d fails"])
            client.receive(["431[]"])
            ask("e")
            ask("f")
            #expect(answers.all == ["d fails", "b", "f fails"])
            loop.advanceTime(by: .seconds(10))
            #expect(answers.all == ["d fails", "b", "f fails", "a fails", "c fails", "e fails"])
            ask("g")
            #expect(answers.all.count == 6)
            client.connection.close(.forcedClose)
            #expect(answers.all.last == "g fails")
        }
    }

    @Test("time-outs come in the order of their times, each once, whatever the order they were set in")
    func timeouts() throws {
        try withEmbeddedServer { io, loop in
            let client = try #require(LinkedClient(io, on: loop))
            let answers = Recorder<Int>()
            for seconds in [5, 1, 3, 3, 20, 2] {
                client.socket.emit("q", timeout: .seconds(Int64(seconds))) { _ in answers.append(seconds) }
            }
            loop.advanceTime(by: .milliseconds(999))
            #expect(answers.all == [])
            loop.advanceTime(by: .milliseconds(1))
            #expect(answers.all == [1])
            // Its answer comes in time: its deadline is no longer looked at.
            client.receive(["432[]"])
            loop.advanceTime(by: .seconds(18))
            #expect(answers.all == [1, 3, 2, 3, 5])
            client.socket.emit("q", timeout: .milliseconds(500)) { _ in answers.append(0) }
            loop.advanceTime(by: .seconds(1))
            #expect(answers.all == [1, 3, 2, 3, 5, 0, 20])
        }
    }

    @Test("acknowledgements cost no timer each, and those that came leave nothing")
    func deadlines() throws {
        try withEmbeddedServer { io, loop in
            let client = try #require(LinkedClient(io, on: loop))
            let shard = io.shard(for: loop).shard.value
            for number in 0..<1_000 {
                client.socket.emit("q") { _ in }
                if number >= 10 { client.receive(["43\(number)[]"]) }
            }
            #expect(shard.acknowledgementDeadlines.count == 1)
            loop.advanceTime(by: .seconds(10))
            #expect(shard.acknowledgementDeadlines.isEmpty)
        }
    }

    @Test("deadlines of acknowledgements that came are left out when they are more than the others")
    func compaction() {
        var pending = PendingAcknowledgements()
        let start = NIODeadline.uptimeNanoseconds(0)
        pending.add(0, deadline: start) { _ in }
        for id in 1...UInt64(1_000) {
            pending.add(id, deadline: start + .seconds(Int64(id))) { _ in }
            #expect(pending.take(id) != nil)
            #expect(pending.take(id) == nil)
            #expect(pending.deadlineCount <= 2 * pending.count + 16)
        }
        #expect(pending.nextDeadline == start)
        #expect(pending.takeDue(now: start) != nil)
        #expect(pending.takeDue(now: start + .hours(1)) == nil)
        #expect(pending.deadlineCount == 0)
    }
}

/// Holds up tasks until it is opened.
private final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    init() { (stream, continuation) = AsyncStream.makeStream() }
    func pass() async { for await _ in stream {} }
    func open() { continuation.finish() }
}
