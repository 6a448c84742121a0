import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing
import WebSocketCore

@testable import SocketIOServer

/// What the official Socket.IO 5 suite asks beyond Engine.IO, case by case. `docs/CONFORMANCE.md` names the case that each test stands for.
@Suite("Socket.IO 5, as the official suite asks")
struct SocketIOSuiteTests {
    private let server = SuiteServer.socketIO

    /// A client that has joined `/` and read its `auth`.
    private func joined(_ body: (EmbeddedPeer) throws -> Void) throws {
        try server.run { peer in
            _ = try server.open(peer)
            try peer.text("40")
            #expect(try peer.messages().count == 2)
            try body(peer)
        }
    }

    // MARK: Connecting

    @Test(
        "a namespace is joined: the answer has an id and nothing else, then comes what the client gave as auth",
        arguments: ["", "/custom,"], [nil, #"{"token":"123"}"#])
    func connect(namespace: String, auth: String?) throws {
        try server.run { peer in
            _ = try server.open(peer)
            try peer.text("40\(namespace)\(auth ?? "")")
            let messages = try peer.messages()
            #expect(messages.count == 2)
            let answer = try #require(messages.first)
            #expect(answer.hasPrefix("40\(namespace){"))
            let payload = try JSONSlice(String(answer.dropFirst(2 + namespace.utf8.count)))
            #expect(payload.members.map(\.key) == ["sid"] && payload["sid"]?.string?.isEmpty == false)
            #expect(messages.last == "42\(namespace)[\"auth\",\(auth ?? "{}")]")
        }
    }

    @Test("a namespace that is not there is refused")
    func unknownNamespace() throws {
        try server.run { peer in
            _ = try server.open(peer)
            try peer.text("40/random")
            #expect(try peer.messages() == [#"44/random,{"message":"Invalid namespace"}"#])
        }
    }

    @Test("another packet than CONNECT closes the connection")
    func invalidHandshake() throws {
        try server.run { peer in
            _ = try server.open(peer)
            try peer.text("4abc")
            #expect(try peer.messages() == ["close"])
        }
    }

    @Test("a client that joins nothing is closed after the connect time-out, though it answers pings")
    func noHandshake() throws {
        try server.run { peer in
            _ = try server.open(peer)
            for _ in 0..<3 {
                peer.loop.advanceTime(by: .milliseconds(300))
                #expect(try peer.messages() == ["2"])
                try peer.text("3")
            }
            peer.loop.advanceTime(by: .milliseconds(100))
            #expect(try peer.messages() == ["close"])
        }
    }

    // MARK: Leaving

    @Test("a client that leaves / keeps its connection, which is pinged on")
    func disconnect() throws {
        try joined { peer in
            try peer.text("41")
            #expect(try peer.messages() == [])
            peer.loop.advanceTime(by: .milliseconds(300))
            #expect(try peer.messages() == ["2"])
        }
    }

    @Test("a client that leaves another namespace goes on in /")
    func disconnectCustom() throws {
        try joined { peer in
            try peer.text("40/custom")
            #expect(try peer.messages().last == #"42/custom,["auth",{}]"#)
            try peer.texts(["41/custom", #"42["message","message to main namespace"]"#])
            #expect(try peer.messages() == [#"42["message-back","message to main namespace"]"#])
        }
    }

    // MARK: Messages

    @Test("an event's arguments come back", arguments: [(#"["message",1,"2",{"3":[true]}]"#, #"["message-back",1,"2",{"3":[true]}]"#)])
    func event(array: String, answer: String) throws {
        try joined { peer in
            try peer.text("42\(array)")
            #expect(try peer.messages() == ["42\(answer)"])
        }
    }

    @Test("an event with attachments comes back with them, in order")
    func binaryEvent() throws {
        try joined { peer in
            let placeholders = #"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#
            try peer.text("452-[\"message\",\(placeholders)]")
            try peer.frame(.binary, ByteBuffer(bytes: [1, 2, 3]))
            try peer.frame(.binary, ByteBuffer(bytes: [4, 5]))
            #expect(try peer.messages() == ["452-[\"message-back\",\(placeholders)]", "binary 3", "binary 2"])
        }
    }

    @Test("an acknowledgement carries the event's arguments")
    func acknowledgement() throws {
        try joined { peer in
            try peer.text(#"42456["message-with-ack",1,"2",{"3":[false]}]"#)
            #expect(try peer.messages() == [#"43456[1,"2",{"3":[false]}]"#])
        }
    }

    @Test("an acknowledgement carries attachments")
    func binaryAcknowledgement() throws {
        try joined { peer in
            let placeholders = #"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#
            try peer.text("452-789[\"message-with-ack\",\(placeholders)]")
            try peer.frame(.binary, ByteBuffer(bytes: [1, 2, 3]))
            try peer.frame(.binary, ByteBuffer(bytes: [4, 5]))
            #expect(try peer.messages() == ["462-789[\(placeholders)]", "binary 3", "binary 2"])
        }
    }

    @Test(
        "an unknown type, a payload that is no array, and an id that is no number close the connection",
        arguments: ["4abc", "42{}", #"42abc["message-with-ack",1,"2",{"3":[false]}]"#])
    func invalid(packet: String) throws {
        try joined { peer in
            try peer.text(packet)
            #expect(try peer.messages() == ["close"])
        }
    }
}
