import NIOCore
import RedisClient
import RedisCore
import RedisTestSupport
import SocketIORedis
import SocketIOServer
import SocketIOTesting
import Testing

/// An exchange of two servers on Node (socket.io 4.8.3, @socket.io/redis-adapter 8.3.0, redis 4.7.1), as it was seen on the channels. One of
/// the two is played by the test, which says what Node said; the other is ours.
@Suite("An exchange with a server on Node")
struct NodeExchangeTests {
    private static let node = "7k7iTL"

    private enum Said {
        static let fetch = #"{"uid":"7k7iTL","requestId":"zQosbZ","type":5,"opts":{"rooms":["r"],"except":[]}}"#
        static let sockets =
            #"{"requestId":"zQosbZ","sockets":[{"id":"KrQaTc1TDpcDsBN3AAAA","handshake":{"headers":{"sec-websocket-version":"13","sec-websocket-key":"DfuPHanpjCeW+D+6STYphw==","connection":"Upgrade","upgrade":"websocket","sec-websocket-extensions":"permessage-deflate; client_max_window_bits","host":"127.0.0.1:43397"},"time":"Thu Nov 26 2026 13:08:57 GMT+0000 (Coordinated Universal Time)","address":"::ffff:127.0.0.1","xdomain":false,"secure":false,"issued":1795698537778,"url":"/socket.io/?class=7a&EIO=4&transport=websocket","query":{"class":"7a","EIO":"4","transport":"websocket"},"auth":{"token":"t"}},"rooms":["KrQaTc1TDpcDsBN3AAAA","r"],"data":{"user":"ann","n":1}}]}"#
        static let serverSide = #"{"uid":"7k7iTL","requestId":"Cm3hvk","type":6,"data":["question","q"]}"#
        static let serverSideAnswer = #"{"type":6,"requestId":"Cm3hvk","data":"node: q"}"#
        static let ask =
            "85a3756964a6376b3769544ca9726571756573744964a67455654a6a67a47479706507a67061636b657483a47479706502a46461746192a361736bc4020102a36e7370a12fa46f70747383a5726f6f6d7391a172a665786365707490a5666c61677381a774696d656f7574cd03e8"
        static let count = #"{"type":8,"requestId":"tUeJjg","clientCount":1}"#
        static let acknowledgement = "83a47479706509a9726571756573744964a67455654a6a67a67061636b657481a3676f74"
        static let broadcast =
            "93a6376b3769544c83a47479706502a46461746192a46e65777381a174cb3ff8000000000000a36e7370a12f83a5726f6f6d7391a172a665786365707491a178a5666c61677381a8766f6c6174696c65c3"
        static let leave = #"{"uid":"7k7iTL","type":3,"opts":{"rooms":["r"],"except":[]},"rooms":["r"]}"#
        static let disconnect = #"{"uid":"7k7iTL","type":4,"opts":{"rooms":["r"],"except":[]},"close":true}"#
    }

    private func bytes(_ text: String) -> ByteBuffer {
        if text.hasPrefix("{") { return ByteBuffer(string: text) }
        var digits = text.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }[...]
        var bytes = ByteBuffer()
        while let high = digits.popFirst(), let low = digits.popFirst() { bytes.writeInteger(high << 4 | low) }
        return bytes
    }

    private func text(_ bytes: ByteBuffer) -> String {
        if bytes.readableBytesView.first == UInt8(ascii: "{") { return String(buffer: bytes) }
        return bytes.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("Node's requests are answered in Node's format, and its commands are carried out")
    func asked() async throws {
        try await withRedisClients(2, .memory) { clients in
            try await withCluster([clients[0]]) { nodes in
                let (io, adapter, node) = (nodes[0].io, nodes[0].adapter, clients[1])
                io.of("/").onServerSide("question") { event in event.acknowledge("node: \(event.arguments[0].string ?? "")") }
                let client = try await nodes[0].server.connect()
                _ = try await client.call("enter", "r")
                let heard = Heard()
                node.subscribe(to: .channel("socket.io-response#/#\(Self.node)#")) { event in
                    if case .message(_, let payload) = event { heard.add(text(payload)) }
                }
                try await eventually {
                    try await node.send("PUBSUB", "NUMSUB", "socket.io-response#/#\(Self.node)#").elements?.last?.integer == 1
                }
                func say(_ said: String, on channel: String = "socket.io-request#/#") async throws {
                    _ = try await node.send(RedisCommand("PUBLISH", .text(channel), .bytes(bytes(said))))
                }

                try await say(Said.fetch)
                try await eventually { heard.all.count == 1 }
                let fetched = try JSONSlice(heard.all[0])
                let socket = try #require(fetched["sockets"]?.elements.first)
                #expect(fetched["requestId"]?.string == "zQosbZ" && fetched["type"] == nil)
                #expect(socket["id"]?.string == client.id && socket["handshake"]?["query"]?["EIO"]?.string == "4")
                #expect(socket["handshake"]?["headers"]?["upgrade"]?.string == "websocket" && socket["handshake"]?["auth"]?.kind == .object)
                #expect(Set(socket["rooms"]?.elements.compactMap(\.string) ?? []) == [client.id, "r"])

                try await say(Said.serverSide)
                try await eventually { heard.all.count == 2 }
                #expect(heard.all[1] == Said.serverSideAnswer)

                // A minute and more for the answer, where Node gave a second.
                try await say(Said.ask.replacing("cd03e8", with: "cdffff"))
                let question = try await client.next { $0.name == "ask" }
                #expect(question.arguments.binary(at: 0) == ByteBuffer(bytes: [1, 2]))
                try await client.acknowledge(question, JSONObject { $0.field("got", 1) })
                try await eventually { heard.all.count == 4 }
                #expect(heard.all[2...] == [Said.count, Said.acknowledgement + "01"])

                try await say(Said.broadcast, on: "socket.io#/#r#")
                #expect(try await client.next("news")[0]["t"]?.double == 1.5)
                try await say(Said.leave)
                try await eventually { try await adapter.sockets(in: ["r"]).isEmpty }
                _ = try await client.call("enter", "r")
                try await say(Said.disconnect)
                _ = try await client.closed()
            }
        }
    }

    @Test("this server's requests have Node's format, and it understands Node's answers")
    func asking() async throws {
        try await withRedisClients(2, .memory) { clients in
            try await withCluster([clients[0]]) { nodes in
                let (io, node) = (nodes[0].io, clients[1])
                let heard = Heard()
                node.subscribe(to: .channel("socket.io-request#/#")) { event in
                    guard case .message(_, let payload) = event, let request = try? JSONSlice(validating: payload),
                        let id = request["requestId"]?.string, let sender = request["uid"]?.string
                    else { return }
                    heard.add(String(buffer: payload).replacing(id, with: "ID").replacing(sender, with: "UID"))
                    let answer =
                        request["type"]?.int == 5
                        ? Said.sockets.replacing("zQosbZ", with: id) : Said.serverSideAnswer.replacing("Cm3hvk", with: id)
                    node.send(RedisCommand("PUBLISH", "socket.io-response#/#", .text(answer))) { _ in }
                }
                try await eventually { try await nodes[0].adapter.serverCount() == 2 }
                let sockets = try await io.to("r").fetchSockets()
                let socket = try #require(sockets.first)
                #expect(sockets.count == 1 && socket.id == "KrQaTc1TDpcDsBN3AAAA" && socket.rooms == ["KrQaTc1TDpcDsBN3AAAA", "r"])
                #expect(socket.handshake.query["class"] == "7a" && socket.handshake.address == "::ffff:127.0.0.1")
                #expect(socket.handshake.header("Host") == "127.0.0.1:43397" && socket.handshake.auth?["token"]?.string == "t")
                #expect((socket.data as? JSONSlice)?["user"]?.string == "ann")
                let answers = try await io.of("/").serverSideEmitWithAck("question", "q", timeout: .seconds(600))
                #expect(answers.map(\.description) == [#"["node: q"]"#])
                #expect(
                    heard.all
                        == [Said.fetch, Said.serverSide].map {
                            $0.replacing(Self.node, with: "UID").replacing("zQosbZ", with: "ID").replacing("Cm3hvk", with: "ID")
                        })
            }
        }
    }
}
