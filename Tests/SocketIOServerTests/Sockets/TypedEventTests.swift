import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Declared events")
struct TypedEventTests {
    private struct Sum: Codable, Sendable { var a: Int; var b: Int }
    private struct Picture: Codable, Sendable {
        var name: String
        var parts: [ByteBuffer]
    }
    private static let add = Event<Sum, [String: Int]>("add")
    private static let note = Event<Sum, Void>("note")
    private static let count = Event<Void, Int>("count")
    private static let ping = Event<Void, Void>("ping")
    private static let picture = Event<Picture, Picture>("picture")
    private static let invalid =
        #"[{"error":{"code":"invalid_payload","message":"The payload does not have the shape that this event expects."}}]"#

    private func withPeer(_ register: @escaping @Sendable (ServerSocket) -> Void, _ body: (SocketIO, EmbeddedPeer) throws -> Void) throws {
        try withEmbeddedServer { io, loop in
            io.onConnection(register)
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            try body(io, peer)
            peer.finish()
        }
    }

    @Test("a handler has the payload and the socket at hand, and what it returns is the acknowledgement")
    func payloadAndSocket() throws {
        try withPeer { socket in
            socket.on(Self.add) { request in
                request.socket.join("sums")
                return ["sum": request.a + request.payload.b]
            }
        } _: { io, peer in
            try peer.text(#"421["add",{"a":1,"b":2}]"#)
            #expect(try peer.messages() == [#"431[{"sum":3}]"#])
            io.to("sums").emit(Self.note, Sum(a: 3, b: 4))
            #expect(try peer.messages() == [#"42["note",{"a":3,"b":4}]"#])
            try peer.texts([#"422["add",{"a":"x"}]"#, #"423["add"]"#, #"42["add",{}]"#])
            #expect(try peer.messages() == ["432\(Self.invalid)", "433\(Self.invalid)"])
        }
    }

    @Test("an event without an answer is acknowledged with nothing, one without a payload takes none")
    func void() throws {
        let seen = Recorder<String>()
        try withPeer { socket in
            socket.on(Self.note) { request in
                guard request.a >= 0 else { throw SocketIOError(code: "negative", message: "Below zero.") }
                seen.append("\(request.a)")
            }
            socket.on(Self.count) { _ in 7 }
            socket.on(Self.ping) { request in request.socket.emit(Self.ping) }
        } _: { _, peer in
            try peer.texts([
                #"421["note",{"a":1,"b":2}]"#, #"422["note",{"a":-1,"b":2}]"#, #"42["note",{"a":2,"b":2}]"#, #"42["note",7]"#,
                #"423["count"]"#, #"424["ping","ignored"]"#,
            ])
            #expect(seen.all == ["1", "2"])
            #expect(
                try peer.messages() == [
                    "431[]", #"432[{"error":{"code":"negative","message":"Below zero."}}]"#, "433[7]", #"42["ping"]"#, "434[]",
                ])
        }
    }

    @Test("binary values anywhere in a payload and in an answer travel as attachments")
    func binary() throws {
        try withPeer { socket in
            socket.on(Self.picture) { request in Picture(name: request.name + "!", parts: request.parts.reversed()) }
        } _: { io, peer in
            let placeholders = #"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#
            try peer.text("452-1[\"picture\",{\"parts\":[\(placeholders)],\"name\":\"x\"}]")
            try peer.frame(.binary, ByteBuffer(bytes: [1]))
            try peer.frame(.binary, ByteBuffer(bytes: [2, 3]))
            #expect(try peer.messages() == ["462-1[{\"name\":\"x!\",\"parts\":[\(placeholders)]}]", "binary 2", "binary 1"])
            try peer.text(#"422["picture",{"name":"x","parts":[{"_placeholder":true,"num":0}]}]"#)
            #expect(try peer.messages() == ["432\(Self.invalid)"], "a placeholder without an attachment")
            io.emit(Self.picture, Picture(name: "y", parts: [ByteBuffer(bytes: [9])]))
            #expect(
                try peer.messages() == [#"451-["picture",{"name":"y","parts":[{"_placeholder":true,"num":0}]}]"#, "binary 1"])
        }
    }

    @Test("a server asks a client by a declared event; its answer is a value, its error is thrown")
    func asking() throws {
        let results = Recorder<String>()
        try withPeer { socket in
            socket.on("ask") { request in
                request.socket.emit(Self.add, Sum(a: 1, b: 2)) { result in
                    switch result {
                    case .success(let answer): results.append("\(answer["sum"] ?? 0)")
                    case .failure(let error): results.append("\(error)")
                    }
                }
            }
        } _: { _, peer in
            try peer.texts([#"42["ask"]"#, #"42["ask"]"#, #"42["ask"]"#])
            #expect(try peer.messages() == (0..<3).map { "42\($0)[\"add\",{\"a\":1,\"b\":2}]" })
            try peer.texts([#"430[{"sum":3}]"#, #"431[{"error":{"code":"no","message":"No."}}]"#])
            peer.loop.advanceTime(by: .seconds(10))
            #expect(results.all.count == 3 && results.all[0] == "3")
            #expect(results.all[1].contains("\"no\""))
            #expect(results.all[2] == "timedOut")
        }
    }
}
