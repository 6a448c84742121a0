import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Connection state recovery")
struct RecoveryTests {
    private func with(
        _ change: (inout SocketIOConfiguration) -> Void = { _ in }, _ body: (SocketIO, EmbeddedEventLoop) throws -> Void
    ) throws {
        var configuration = SocketIOConfiguration()
        configuration.recovery = RecoveryLimits()
        change(&configuration)
        try withEmbeddedServer(configuration, body)
    }

    private struct Joined {
        let peer: EmbeddedPeer
        let sid: String
        let pid: String
        /// What came before the answer to CONNECT.
        let early: [String]
    }

    private func join(_ io: SocketIO, _ loop: EmbeddedEventLoop, auth: String = "", namespace: String = "") throws -> Joined {
        let peer = try EmbeddedPeer(io, loop: loop)
        _ = try peer.upgrade()
        try peer.text("40\(namespace)\(auth)")
        let messages = try peer.messages().dropFirst()
        let answer = try #require(messages.first { $0.hasPrefix("40") })
        let payload = try JSONSlice(String(answer.dropFirst(2 + namespace.utf8.count)))
        let early = messages.prefix { !$0.hasPrefix("40") }
        return Joined(
            peer: peer, sid: try #require(payload["sid"]?.string), pid: payload["pid"]?.string ?? "", early: Array(early))
    }

    /// The offset behind an event's arguments.
    private func offset(_ message: String) throws -> String {
        try #require(try JSONSlice(String(message.drop { $0 != "[" })).elements.last?.string)
    }

    private func resume(_ joined: Joined, from offset: String) -> String { #"{"pid":"\#(joined.pid)","offset":"\#(offset)"}"# }

    @Test("without it there is no pid, and no offset behind an event")
    func off() throws {
        try withEmbeddedServer { io, loop in
            let joined = try join(io, loop)
            #expect(joined.pid == "")
            io.emit("x", 1)
            #expect(try joined.peer.messages() == [#"42["x",1]"#])
            joined.peer.finish()
        }
    }

    @Test("every event has an offset, but those that ask for an acknowledgement and volatile ones")
    func offsets() throws {
        try with { io, loop in
            io.onConnection { socket in
                socket.on("go") { request in
                    request.socket.emit("direct", 1)
                    request.socket.emit("again", request.arguments)
                    request.socket.reference.emit("reference")
                    request.socket.emit("question") { _ in }
                    request.socket.volatile.emit("volatile")
                    request.acknowledge?(1)
                }
            }
            let joined = try join(io, loop)
            #expect(joined.pid.count == 20 && joined.pid != joined.sid)
            try joined.peer.text(#"427["go","a"]"#)
            io.emit("all")
            let messages = try joined.peer.messages().sorted()
            let arrays = try messages.filter { $0.hasPrefix("42[") }.map { try JSONSlice(String($0.dropFirst(2))).elements.count }
            #expect(arrays.sorted() == [1, 2, 2, 3, 3], "\(messages)")
            #expect(messages.contains(#"42["volatile"]"#) && messages.contains(#"420["question"]"#) && messages.contains("437[1]"))
            joined.peer.finish()
        }
    }

    @Test("a client that comes back has its id, rooms and data, and what it missed comes before the answer")
    func recovered() throws {
        try with { io, loop in
            let seen = Recorder<String>()
            io.use { (_: inout ConnectRequest) in seen.append("middleware") }
            io.onConnection { socket in
                seen.append("recovered \(socket.recovered) \(socket.data as? String ?? "-")")
                guard !socket.recovered else { return }
                socket.data = "mine"
                socket.join("room")
            }
            let first = try join(io, loop)
            io.to("room").emit("seen", 1)
            let last = try offset(try #require(try first.peer.messages().first))
            first.peer.finish()
            io.to("room").emit("missed", 2)
            io.to("elsewhere").emit("others")
            io.to(first.sid).emit("mine", 3)
            let second = try join(io, loop, auth: resume(first, from: last))
            #expect(second.sid == first.sid && second.pid == first.pid)
            #expect(second.early.map { $0.prefix(12) } == [#"42["missed","#, #"42["mine",3,"#])
            io.to("room").emit("live")
            #expect(try second.peer.messages().map { $0.prefix(9) } == [#"42["live""#])
            #expect(seen.all == ["middleware", "recovered false -", "recovered true mine"])
            second.peer.finish()
        }
    }

    @Test("it comes back again and again, also before its first event of the second time")
    func again() throws {
        try with { io, loop in
            var joined = try join(io, loop)
            io.emit("x")
            let last = try offset(try #require(try joined.peer.messages().first))
            for round in 0..<3 {
                joined.peer.finish()
                let next = try join(io, loop, auth: resume(joined, from: last))
                #expect(next.sid == joined.sid, "round \(round)")
                joined = next
            }
            joined.peer.finish()
        }
    }

    @Test("a client begins anew after a proper close, a violation, with an unknown session or a bad offset, or after too long a time")
    func anew() throws {
        try with { io, loop in
            func sid(after end: (EmbeddedPeer) throws -> Void, _ claim: (Joined, String) -> String) throws -> (old: String, new: String) {
                let first = try join(io, loop)
                io.emit("x")
                let last = try offset(try #require(try first.peer.messages().first))
                try end(first.peer)
                first.peer.finish()
                let second = try join(io, loop, auth: claim(first, last))
                second.peer.finish()
                return (first.sid, second.sid)
            }
            let same = try sid(after: { _ in }, resume)
            #expect(same.old == same.new)
            for packet in ["41", "42[]"] {
                let left = try sid(after: { try $0.text(packet) }, resume)
                #expect(left.old != left.new, "\(packet)")
            }
            let claims: [(Joined, String) -> String] = [
                { _, last in #"{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"\#(last)"}"# },
                { first, _ in #"{"pid":"\#(first.pid)","offset":"zzzzzz"}"# },
                { first, _ in #"{"pid":"\#(first.pid)","offset":7}"# },
                { first, _ in #"{"pid":"\#(first.pid)"}"# },
            ]
            for (number, claim) in claims.enumerated() {
                let strange = try sid(after: { _ in }, claim)
                #expect(strange.old != strange.new, "claim \(number)")
            }
        }
    }

    @Test("more missed events than may wait for a client begin anew, one fewer does not", arguments: [0, 1])
    func tooMuchMissed(more: Int) throws {
        let text = String(repeating: "x", count: 1_000)
        let cost = EventPacket("m", [text]).appending("0").byteCount + PollingState.packetOverhead
        try with {
            $0.maximumQueuedBytes = 2 * 4 * cost
        } _: { io, loop in
            let first = try join(io, loop)
            io.emit("x")
            let last = try offset(try #require(try first.peer.messages().first))
            first.peer.finish()
            for _ in 0..<4 + more { io.emit("m", text) }
            let second = try join(io, loop, auth: resume(first, from: last))
            #expect((second.sid == first.sid) == (more == 0))
            #expect(second.early.count == (more == 0 ? 4 : 0))
            second.peer.finish()
        }
    }

    @Test("middlewares are asked again if configured, and may refuse")
    func middlewares() throws {
        try with {
            $0.recoverySkipsMiddlewares = false
        } _: { io, loop in
            io.use { (request: inout ConnectRequest) in
                if request.handshake.auth?["banned"]?.bool == true { throw ConnectError(message: "banned") }
            }
            let first = try join(io, loop)
            io.emit("x")
            let last = try offset(try #require(try first.peer.messages().first))
            first.peer.finish()
            let peer = try EmbeddedPeer(io, loop: loop)
            _ = try peer.upgrade()
            try peer.text(#"40{"pid":"\#(first.pid)","offset":"\#(last)","banned":true}"#)
            #expect(try peer.messages().last == #"44{"message":"banned"}"#)
            peer.finish()
            let second = try join(io, loop, auth: resume(first, from: last))
            #expect(second.sid == first.sid)
            second.peer.finish()
        }
    }

    @Test("a client that is gone again before its session is there may come back for it")
    func goneMeanwhile() throws {
        try with { io, loop in
            let first = try join(io, loop)
            io.emit("x")
            let last = try offset(try #require(try first.peer.messages().first))
            first.peer.finish()
            let hasty = try EmbeddedPeer(io, loop: loop)
            _ = try hasty.upgrade()
            try hasty.texts(["40\(resume(first, from: last))", "1"])
            hasty.finish()
            loop.run()
            let second = try join(io, loop, auth: resume(first, from: last))
            #expect(second.sid == first.sid)
            second.peer.finish()
        }
    }

    @Test("sessions are bounded in the bytes of their rooms as in number")
    func bytes() throws {
        var limits = RecoveryLimits()
        limits.maximumSessionBytes = 2 * (256 + 64 + 100)
        var log = RecoveryLog(limits: limits)
        func session(_ name: String) -> PersistedSession {
            PersistedSession(socketID: name, privateID: name, rooms: [String(repeating: "r", count: 100)])
        }
        for name in ["a", "b", "c"] { log.persist(session(name), now: .zero) }
        #expect(log.sessionCount == 2)
        log.persist(session("c"), now: .zero)
        #expect(log.sessionCount == 2, "the same session counts once")
    }
}
