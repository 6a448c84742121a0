import Dispatch
import EngineIOCore
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import SocketIOServer

/// After a stall, a loop runs its timers before it has read from all its connections.
@Suite("A server that comes late to its heartbeats", .timeLimit(.minutes(5)))
struct LateHeartbeatTests {
    /// A polling client whose pong is due, on a loop that was held until five seconds later.
    private struct LateServer {
        let io: SocketIO
        let loop: EmbeddedEventLoop
        private let target: String

        static func with(_ body: (LateServer) throws -> Void) throws {
            try withEmbeddedServer { io, loop in
                let server = try LateServer(io, loop)
                loop.advanceTime(by: .seconds(25))
                let ping = try server.poll()
                #expect(ping == "2")
                server.shard.timer?.cancel()
                loop.advanceTime(by: .seconds(25))
                try body(server)
            }
        }

        private init(_ io: SocketIO, _ loop: EmbeddedEventLoop) throws {
            let peer = try EmbeddedPeer(io, loop: loop)
            (self.io, self.loop, target) = (io, loop, try peer.openPolling())
            peer.finish()
            let joins = try post("40")
            let joined = try poll()
            #expect(joins == "ok" && joined.hasPrefix("40"))
        }

        var shard: LoopShard { io.shard(for: loop).shard.value }

        func poll() throws -> String { try ask("GET") }
        func post(_ body: String) throws -> String { try ask("POST", body) }

        /// Each request has a connection of its own: the server closes idle ones. Returns the body.
        private func ask(_ method: String, _ body: String = "") throws -> String {
            let peer = try EmbeddedPeer(io, loop: loop)
            defer { peer.finish() }
            let response = try peer.request(method, target, body: body)
            return response.firstRange(of: "\r\n\r\n").map { String(response[$0.upperBound...]) } ?? response
        }
    }

    @Test("a pong that waited while the loop was held keeps its session")
    func kept() throws {
        try LateServer.with { server in
            let taken = try server.post("3")
            server.loop.advanceTime(by: .seconds(25))
            let next = try server.poll()
            #expect(taken == "ok" && next == "2", "the next ping, an interval after the pong")
        }
    }

    @Test("a client that stays silent is closed one ping timeout after the loop goes on")
    func silent() throws {
        try LateServer.with { server in
            server.shard.settleDeadlines()
            server.loop.advanceTime(by: .seconds(20) - .nanoseconds(1))
            #expect(server.io.statistics.connections == 1)
            server.loop.advanceTime(by: .nanoseconds(1))
            #expect(server.io.statistics.connections == 0)
        }
    }

    @Test("a deadline that comes at the end of a stall counts as late too")
    func endOfStall() throws {
        try withEmbeddedServer { io, loop in
            let peers = try (0..<2).map { _ in
                let peer = try EmbeddedPeer(io, loop: loop)
                try peer.join()
                loop.advanceTime(by: .seconds(10))
                return peer
            }
            loop.advanceTime(by: .seconds(20))
            let shard = io.shard(for: loop).shard.value
            shard.timer?.cancel()
            // The first pong was due ten seconds ago, the second is due now.
            loop.advanceTime(by: .seconds(15))
            shard.settleDeadlines()
            #expect(io.statistics.connections == 2)
            for peer in peers {
                try peer.text("3")
                peer.finish()
            }
        }
    }

    /// A WebSocket whose client was sent a ping, and its session's loop and its own.
    private struct Pinged {
        let io: SocketIO
        let sid: SessionID
        let client: SocketClient
        let sessionLoop: any EventLoop
        let socketLoop: any EventLoop

        init(_ pair: LoopPair, isForwarded: Bool) async throws {
            let upgrade = try await ProbedUpgrade(pair, isForwarded: isForwarded)
            (io, sid, client) = (upgrade.io, upgrade.sid, upgrade.client)
            (sessionLoop, socketLoop) = (upgrade.sessionLoop, upgrade.socketLoop)
            client.send(["5", "40"])
            #expect(try await client.next().hasPrefix("40{"))
            try await deadlineDue(.ping)
            #expect(try await client.next() == "2")
        }

        func deadlineDue(_ kind: DeadlineKind) async throws {
            try await sessionLoop.submit { [io, sid, sessionLoop] in
                let connection = io.shard(for: sessionLoop).shard.value.sessions[sid]
                connection?.deadlineDue(kind, at: sessionLoop.now, lateness: .zero)
            }.get()
        }

        /// The pong is due while the socket's loop stands still and cannot read, but it has arrived.
        func deadlineDue(behind message: String) async throws {
            let standsStill = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
            let hasArrived = DispatchSemaphore(value: 0)
            let isForwarded = socketLoop !== sessionLoop
            let judged = socketLoop.submit { [io, sid, sessionLoop] in
                standsStill.succeed()
                hasArrived.wait()
                if !isForwarded {
                    io.shard(for: sessionLoop).shard.value.sessions[sid]?.deadlineDue(.pong, at: sessionLoop.now, lateness: .zero)
                }
            }
            try await standsStill.futureResult.get()
            try await client.deliver([message])
            if isForwarded { try await deadlineDue(.pong) }
            hasArrived.signal()
            try await judged.get()
            // The answer of the other loop comes back.
            try await socketLoop.submit {}.get()
            try await sessionLoop.submit {}.get()
        }

        /// nil: the session has ended.
        func awaitsPong() async throws -> Bool? {
            try await sessionLoop.submit { [io, sid, sessionLoop] in
                io.shard(for: sessionLoop).shard.value.sessions[sid]?.session.awaitsPong
            }.get()
        }
    }

    @Test("a pong that lies unread in its socket is in time", arguments: [false, true])
    func unread(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            pair.io.onConnection { $0.on("echo") { $0.acknowledge?($0.arguments) } }
            let pinged = try await Pinged(pair, isForwarded: isForwarded)
            try await pinged.deadlineDue(behind: "3")
            pinged.client.send([#"420["echo"]"#])
            #expect(try await pinged.client.next() == "430[]")
            #expect(try await pinged.awaitsPong() == false)
        }
    }

    @Test("other bytes give a client one more ping timeout, not two", arguments: [false, true])
    func otherBytes(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            pair.io.onConnection { $0.on("echo") { $0.acknowledge?($0.arguments) } }
            let pinged = try await Pinged(pair, isForwarded: isForwarded)
            try await pinged.deadlineDue(behind: #"420["echo"]"#)
            #expect(try await pinged.client.next() == "430[]")
            #expect(try await pinged.awaitsPong() == true)
            try await pinged.deadlineDue(behind: #"421["echo"]"#)
            #expect(try await pinged.awaitsPong() == nil)
        }
    }

    @Test("a client of which nothing has arrived is closed at once", arguments: [false, true])
    func nothing(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            let pinged = try await Pinged(pair, isForwarded: isForwarded)
            try await pinged.deadlineDue(.pong)
            try await pinged.socketLoop.submit {}.get()
            #expect(try await pinged.awaitsPong() == nil)
        }
    }
}
