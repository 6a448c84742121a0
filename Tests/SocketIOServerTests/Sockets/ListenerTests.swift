import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Listeners and middleware of a socket")
struct ListenerTests {
    /// A peer in `/`, and its socket.
    private func withSocket(
        _ configuration: SocketIOConfiguration = .init(), _ body: (SocketIO, EmbeddedPeer, ServerSocket) throws -> Void
    ) throws {
        try withEmbeddedServer(configuration) { io, loop in
            let references = Recorder<SocketReference>()
            io.onConnection { references.append($0.reference) }
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let reference = try #require(references.all.first)
            try body(io, peer, reference.address.socket.value)
            peer.finish()
        }
    }

    @Test("once hears one event, off none, and on may come after either")
    func onceAndOff() throws {
        try withSocket { _, peer, socket in
            let seen = Recorder<String>()
            socket.once("x") { _ in seen.append("once") }
            try peer.texts([#"42["x"]"#, #"42["x"]"#])
            #expect(seen.all == ["once"])
            socket.once("x") { _ in seen.append("replaced") }
            socket.on("x") { _ in seen.append("on") }
            try peer.texts([#"42["x"]"#, #"42["x"]"#])
            #expect(seen.all == ["once", "on", "on"])
            socket.off("x")
            try peer.text(#"42["x"]"#)
            #expect(seen.all.count == 3)
            socket.once("x") { request in request.socket.on("x") { _ in seen.append("after") } }
            try peer.texts([#"42["x"]"#, #"42["x"]"#, #"42["x"]"#])
            #expect(seen.all.suffix(2) == ["after", "after"])
        }
    }

    @Test("handlers of all events are called in their order, and removed one by one or together")
    func any() throws {
        try withSocket { _, peer, socket in
            let seen = Recorder<String>()
            socket.on("x") { _ in seen.append("own") }
            let second = socket.onAny { _ in seen.append("second") }
            socket.prependAny { _ in seen.append("first") }
            try peer.text(#"42["x"]"#)
            #expect(seen.all == ["first", "second", "own"])
            socket.offAny(second)
            try peer.text(#"42["x"]"#)
            #expect(seen.all.suffix(2) == ["first", "own"])
            socket.offAny()
            try peer.text(#"42["x"]"#)
            #expect(seen.all.suffix(2) == ["own", "own"])
        }
    }

    @Test("outgoing events are heard however they are sent, in their order, and no acknowledgement is")
    func outgoing() throws {
        try withSocket { io, peer, socket in
            let seen = Recorder<String>()
            socket.join("room")
            let last = socket.onAnyOutgoing { seen.append("\($0.name) \($0.all.map(\.description).joined(separator: ","))") }
            socket.prependAnyOutgoing { seen.append("before \($0.name)") }
            socket.on("go") { request in
                request.socket.emit("direct", 1, ByteBuffer(bytes: [1]))
                io.to("room").emit("broadcast", "two")
                request.socket.emit("question") { _ in }
                request.socket.volatile.emit("volatile")
                request.socket.reference.emit("reference")
                request.acknowledge?()
            }
            try peer.text(#"421["go"]"#)
            #expect(try peer.messages().filter { $0.hasPrefix("4") }.count == 6)
            #expect(
                seen.all == [
                    "before direct", #"direct 1,{"_placeholder":true,"num":0}"#, "before broadcast", #"broadcast "two""#, "before question",
                    "question ", "before volatile", "volatile ", "before reference", "reference ",
                ])
            socket.offAnyOutgoing(last)
            io.emit("x")
            peer.loop.run()
            #expect(seen.all.suffix(1) == ["before x"])
            socket.offAnyOutgoing()
            io.emit("x")
            peer.loop.run()
            #expect(seen.all.count == 11)
        }
    }

    @Test("middleware stands behind the handlers of all events and before the event's own; its error stops the event and is told safely")
    func middleware() throws {
        struct Secret: Error { var password = "hunter2" }
        try withSocket { _, peer, socket in
            let seen = Recorder<String>()
            socket.on("x") { request in
                seen.append("own")
                request.acknowledge?("done")
            }
            try peer.text(#"420["x"]"#)
            _ = try peer.messages()
            socket.onAny { _ in seen.append("any") }
            socket.use { request in
                seen.append("first")
                if request.arguments.first.string == "told" { throw SocketIOError(code: "no", message: "No.") }
            }
            socket.use { request in
                seen.append("second")
                if request.arguments.first.string == "secret" { throw Secret() }
            }
            socket.onError { error, request in seen.append("error of \(request.name): \(error is Secret)") }
            try peer.texts([#"421["x",1]"#, #"422["x","told"]"#, #"423["x","secret"]"#, #"42["x","told"]"#])
            #expect(
                seen.all == [
                    "own", "any", "first", "second", "own", "any", "first", "error of x: false", "any", "first", "second",
                    "error of x: true", "any", "first", "error of x: false",
                ])
            #expect(
                try peer.messages() == [
                    #"431["done"]"#, #"432[{"error":{"code":"no","message":"No."}}]"#,
                    #"433[{"error":{"code":"internal_error","message":"The server could not handle this event."}}]"#,
                ])
        }
    }

    @Test("the end is heard while the socket is in its rooms, and again when it has left them")
    func disconnecting() throws {
        try withSocket { io, peer, socket in
            let seen = Recorder<String>()
            let id = socket.id
            socket.join("room")
            socket.onDisconnecting { [unowned socket] reason in
                seen.append("\(reason.rawValue) in \(socket.rooms.count) rooms")
                socket.disconnect(close: true)
                io.to("room").emit("bye")
            }
            socket.onDisconnect { [unowned socket] reason in seen.append("\(reason.rawValue) in \(socket.rooms.count) rooms") }
            try peer.text("41")
            #expect(seen.all == ["client namespace disconnect in 2 rooms", "client namespace disconnect in 0 rooms"])
            #expect(!id.isEmpty && io.statistics.sockets == 0)
        }
    }

    @Test("flags of one socket: volatile is dropped for a client that is behind, and a time-out is told apart from the end")
    func flags() throws {
        try withSocket { io, peer, socket in
            let results = Recorder<String>()
            func ask(_ name: String) {
                socket.timeout(.seconds(2)).emit(name) { result in
                    switch result {
                    case .success(let answer): results.append("\(name) \(answer.first)")
                    case .failure(let error): results.append("\(name) \(error)")
                    }
                }
            }
            peer.setWritable(false)
            socket.volatile.emit("dropped")
            socket.emit("kept")
            peer.setWritable(true)
            #expect(try peer.messages() == [#"42["kept"]"#])
            #expect(io.statistics.volatileDropped == 1)
            ask("answered")
            ask("late")
            try peer.text("430[7]")
            peer.loop.advanceTime(by: .seconds(2))
            ask("left")
            try peer.text("41")
            ask("gone")
            #expect(results.all == ["answered 7", "late timedOut", "left disconnected", "gone disconnected"])
        }
    }

    @Test("a socket that owes as many acknowledgements as it may is not asked for more, by nobody")
    func tooMany() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumPendingAcknowledgements = 1
        try withSocket(configuration) { _, peer, socket throws in
            let results = Recorder<Bool>()
            socket.emit("first") { _ in }
            socket.timeout(.seconds(1)).emit("second") { results.append((try? $0.get()) == nil) }
            #expect(results.all == [true])
            #expect(try peer.messages() == [#"420["first"]"#])
        }
    }

    @Test("data is available as its own type")
    func data() throws {
        try withSocket { io, _, socket in
            socket.data = 7
            #expect(socket.data(as: Int.self) == 7)
            #expect(socket.data(as: String.self) == nil)
        }
    }
}
