import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Namespaces that are made when a client joins")
struct ParentNamespaceTests {
    private func open(_ io: SocketIO, _ loop: EmbeddedEventLoop) throws -> EmbeddedPeer {
        let peer = try EmbeddedPeer(io, loop: loop)
        _ = try peer.upgrade()
        _ = try peer.messages()
        return peer
    }

    private func configuration(_ change: (inout SocketIOConfiguration) -> Void) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        return configuration
    }

    @Test("the first rule that fits makes the namespace, with the handlers and the middleware of its parent")
    func rules() throws {
        try withEmbeddedServer { io, loop in
            let seen = Recorder<String>()
            let rooms = io.of(matching: /\/room-\d+/)
            rooms.use { (request: inout ConnectRequest) in
                guard request.handshake.auth?["token"]?.string == "x" else { throw ConnectError(message: "who?") }
            }
            rooms.onConnection { seen.append("room \($0.namespace.name)") }
            let others = io.of { name, auth in name.hasPrefix("/r") && auth?["admin"]?.bool == true }
            others.onConnection { seen.append("other \($0.namespace.name)") }
            let peer = try open(io, loop)
            try peer.texts([
                #"40/room-7,{"token":"x"}"#, "40/room-8,", "40/room-x,", #"40/room-x,{"admin":true}"#, "40/room-77a,", "40/nobody,",
            ])
            let answers = try peer.messages()
            #expect(answers[0].hasPrefix("40/room-7,{\"sid\""))
            #expect(answers[1] == #"44/room-8,{"message":"who?"}"#)
            #expect(answers[2] == #"44/room-x,{"message":"Invalid namespace"}"#)
            #expect(answers[3].hasPrefix("40/room-x,{\"sid\""))
            #expect(answers[4...] == [#"44/room-77a,{"message":"Invalid namespace"}"#, #"44/nobody,{"message":"Invalid namespace"}"#])
            #expect(seen.all == ["room /room-7", "other /room-x"])
            #expect(rooms.children.map(\.name).sorted() == ["/room-7", "/room-8"])
            rooms.emit("hello", 1)
            #expect(try peer.messages() == [#"42/room-7,["hello",1]"#])
            #expect(io.of("/room-7") === rooms.children.first { $0.name == "/room-7" })
            peer.finish()
        }
    }

    @Test("a namespace that only looks like one that is there is not made")
    func lookAlike() throws {
        try withEmbeddedServer { io, loop in
            _ = io.of("/caf\u{e9}")
            _ = io.of { _, _ in true }
            let peer = try open(io, loop)
            try peer.text("40/cafe\u{301},")
            #expect(try peer.messages() == ["44/cafe\u{301},{\"message\":\"Invalid namespace\"}"])
            peer.finish()
        }
    }

    @Test("namespaces for clients are limited: a further one replaces an empty one, or its client is refused")
    func limit() throws {
        try withEmbeddedServer(configuration { $0.maximumMadeNamespaces = 2 }) { io, loop in
            let parent = io.of { _, _ in true }
            _ = io.of("/mine")
            let peer = try open(io, loop)
            try peer.texts(["40/a,", "40/b,", "40/mine,", "40/c,"])
            #expect(try peer.messages().last == #"44/c,{"message":"Too many namespaces"}"#)
            try peer.texts(["41/a,", "40/c,"])
            #expect(try peer.messages().map { $0.prefix(5) } == ["40/c,"])
            #expect(parent.children.map(\.name).sorted() == ["/b", "/c"])
            try peer.text("40/a,")
            #expect(try peer.messages() == [#"44/a,{"message":"Too many namespaces"}"#])
            peer.finish()
        }
    }

    @Test("a namespace that clients have come back to is not replaced, and one that is refused costs no adapter")
    func limitAfterReturn() throws {
        let adapters = Recorder<String>()
        let configuration = configuration {
            $0.maximumMadeNamespaces = 2
            $0.adapter = { local in
                adapters.append(local.namespace)
                return local
            }
        }
        try withEmbeddedServer(configuration) { io, loop in
            let parent = io.of { _, _ in true }
            let peer = try open(io, loop)
            try peer.texts(["40/a,", "40/b,", "41/a,", "40/a,", "40/c,"])
            #expect(try peer.messages().last == #"44/c,{"message":"Too many namespaces"}"#)
            #expect(adapters.all == ["/", "/a", "/b"])
            try peer.texts(["41/b,", "41/a,", "40/c,", "40/d,", "40/e,"])
            #expect(try peer.messages().map { $0.prefix(5) } == ["40/c,", "40/d,", "44/e,"])
            #expect(parent.children.map(\.name).sorted() == ["/c", "/d"])
            peer.finish()
        }
    }

    @Test("an empty namespace stays, or ends with its last client, as the configuration says", arguments: [false, true])
    func cleanup(isOn: Bool) throws {
        try withEmbeddedServer(configuration { $0.cleanupEmptyChildNamespaces = isOn }) { io, loop in
            let parent = io.of { _, _ in true }
            io.of("/mine").use { (_: inout ConnectRequest) in throw ConnectError(message: "no") }
            let one = try open(io, loop)
            let two = try open(io, loop)
            try one.texts(["40/a,", "40/mine,"])
            try two.text("40/a,")
            try one.text("41/a,")
            #expect(parent.children.count == 1, "one client is left")
            two.finish()
            #expect(parent.children.count == (isOn ? 0 : 1))
            try one.text("40/a,")
            #expect(parent.children.count == 1)
            #expect(io.of("/mine").name == "/mine")
            one.finish()
        }
    }

    @Test("a refused client leaves no namespace behind when empty ones end")
    func refused() throws {
        try withEmbeddedServer(configuration { $0.cleanupEmptyChildNamespaces = true }) { io, loop in
            let parent = io.of { _, _ in true }
            parent.use { (_: inout ConnectRequest) in throw ConnectError(message: "no") }
            let peer = try open(io, loop)
            try peer.text("40/a,")
            #expect(try peer.messages() == [#"44/a,{"message":"no"}"#])
            #expect(parent.children.isEmpty)
            peer.finish()
        }
    }
}
