import NIOCore
import RedisCore
import SocketIOCore
import SocketIOClusterCore
import Testing

@Suite("Messages of the sharded adapter and of streams")
struct ClusterMessageTests {
    private let node = "87b8b58a91297776"

    private func message(_ body: ClusterMessage.Body) -> ClusterMessage { ClusterMessage(sender: self.node, namespace: "/", body: body) }

    /// What Node's sharded adapter sends, and what it means. The same texts are the data of the entries in a stream.
    private func vectors() throws -> [(text: String, message: ClusterMessage)] {
        let room = ClusterTarget(rooms: ["room1"], except: ["s9"], flags: ClusterFlags(isVolatile: true, compress: false))
        let asking = ClusterTarget(flags: ClusterFlags(timeout: 100, expectsSingleResponse: false))
        let socket =
            #"{"id":"s1","handshake":{"headers":{"host":"h"},"time":"t","query":{"EIO":"4"}},"rooms":["s1","r"],"data":{"name":"ann"}}"#
        return [
            (
                #"{"type":3,"data":{"packet":{"type":2,"data":\#(Vectors.event)},"opts":{"rooms":[],"except":[],"flags":{}}}"#,
                message(.broadcast(ClusterPacket(payload: try payload(Vectors.event)), ClusterTarget(), requestID: nil))
            ),
            (
                #"{"type":3,"data":{"packet":{"type":2,"data":["a"]},"opts":{"rooms":["room1"],"except":["s9"],"flags":{"volatile":true,"compress":false}}}"#,
                message(.broadcast(ClusterPacket(payload: try payload(#"["a"]"#)), room, requestID: nil))
            ),
            (
                #"{"type":3,"data":{"packet":{"type":2,"data":["q",1]},"requestId":"0103d7cd36862b48","opts":{"rooms":[],"except":[],"flags":{"timeout":100,"expectSingleResponse":false}}}"#,
                message(.broadcast(ClusterPacket(payload: try payload(#"["q",1]"#)), asking, requestID: "0103d7cd36862b48"))
            ),
            (
                #"{"type":4,"data":{"opts":{"rooms":["r"],"except":["x"],"flags":{}},"rooms":["n1","n2"]}"#,
                message(.join(ClusterTarget(rooms: ["r"], except: ["x"]), rooms: ["n1", "n2"]))
            ),
            (
                #"{"type":5,"data":{"opts":{"rooms":["r"],"except":[],"flags":{}},"rooms":["n1"]}"#,
                message(.leave(ClusterTarget(rooms: ["r"]), rooms: ["n1"]))
            ),
            (
                #"{"type":6,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"close":true}"#,
                message(.disconnect(ClusterTarget(), close: true))
            ),
            (
                #"{"type":7,"data":{"opts":{"rooms":["r"],"except":[],"flags":{"timeout":50}},"requestId":"deb71935cef98569"}"#,
                message(
                    .fetchSockets(ClusterTarget(rooms: ["r"], flags: ClusterFlags(timeout: 50)), requestID: "deb71935cef98569"))
            ),
            (
                #"{"type":8,"data":{"requestId":"r7","sockets":[\#(socket)]}"#,
                message(.socketsFetched([try JSONSlice(socket)], requestID: "r7"))
            ),
            (
                #"{"type":9,"data":{"packet":["hi",{"n":1}]}"#,
                message(.serverSideEmit(try payload(#"["hi",{"n":1}]"#), requestID: nil))
            ),
            (
                #"{"type":9,"data":{"requestId":"8811604ff019ecf8","packet":["ask","x"]}"#,
                message(.serverSideEmit(try payload(#"["ask","x"]"#), requestID: "8811604ff019ecf8"))
            ),
            (
                #"{"type":10,"data":{"requestId":"r9","packet":{"answer":[1,"two"]}}"#,
                message(.serverSideEmitAnswered(try payload(#"{"answer":[1,"two"]}"#), requestID: "r9"))
            ),
            (#"{"type":11,"data":{"requestId":"r9","clientCount":3}"#, message(.clientCount(3, requestID: "r9"))),
            (#"{"type":12,"data":{"requestId":"r9","packet":[1]}"#, message(.acknowledged(try payload("[1]"), requestID: "r9"))),
            (#"{"type":1"#, message(.initialHeartbeat)), (#"{"type":2"#, message(.heartbeat)),
            (#"{"type":13"#, message(.adapterClose)),
        ]
    }

    @Test("on a sharded channel: JSON, byte for byte as Node writes it, and read back")
    func sharded() throws {
        for (start, message) in try vectors() {
            let text = start + #","uid":"\#(node)","nsp":"/"}"#
            #expect(String(buffer: try message.encoded()) == text)
            #expect(try ClusterMessage(decoding: ByteBuffer(string: text)) == message)
            // And as MessagePack, as the streams adapter sends it on a channel.
            #expect(try ClusterMessage(decoding: try message.encoded(messagePack: true)) == message)
        }
    }

    @Test("with binary values: MessagePack")
    func binary() throws {
        let text =
            "84a47479706503a46461746182a67061636b657482a47479706502a46461746194a362696ec4030102ff82a162c400a16391c403616263c0a46f70747383a5726f6f6d7390a665786365707490a5666c61677380a3756964b038376238623538613931323937373736a36e7370a12f"
        let message = self.message(.broadcast(ClusterPacket(payload: try Vectors.binaryPayload()), ClusterTarget(), requestID: nil))
        #expect(hexText(try message.encoded()) == text)
        #expect(try ClusterMessage(decoding: hex(text)) == message)
        let emit =
            "84a47479706509a46461746181a67061636b657492a26869c40107a3756964b038376238623538613931323937373736a36e7370a12f"
        #expect(
            try ClusterMessage(decoding: hex(emit))
                == self.message(.serverSideEmit(try payload(#"["hi",{"_placeholder":true,"num":0}]"#, [7]), requestID: nil)))
    }

    @Test("in a stream: fields of text, byte for byte as Node writes them")
    func stream() throws {
        for (start, message) in try vectors() where message.body != .initialHeartbeat {
            let fields = try message.streamFields().map { (name: $0.0, value: $0.1.encoded) }
            #expect(fields[0].value == ByteBuffer(string: node))
            #expect(fields[1].value == ByteBuffer(string: "/"))
            let data = start.split(separator: #""data":"#, maxSplits: 1).dropFirst().first.map(String.init)
            #expect(fields.dropFirst(3).first.map { String(buffer: $0.value) } == data)
            #expect(try ClusterMessage(streamEntry: RedisStreamEntry(id: "1-1", fields: fields)) == message)
        }
    }

    @Test("in a stream with binary values: MessagePack in base64")
    func binaryStream() throws {
        let text = "gqZwYWNrZXSCpHR5cGUCpGRhdGGUo2JpbsQDAQL/gqFixAChY5HEA2FiY8Ckb3B0c4Olcm9vbXOQpmV4Y2VwdJClZmxhZ3OA"
        let message = self.message(.broadcast(ClusterPacket(payload: try Vectors.binaryPayload()), ClusterTarget(), requestID: nil))
        let fields = try message.streamFields().map { (name: $0.0, value: $0.1.encoded) }
        #expect(fields.map { String(buffer: $0.value) } == [node, "/", "3", text])
        #expect(try ClusterMessage(streamEntry: RedisStreamEntry(id: "1-1", fields: fields)) == message)
    }

    @Test("events that need no recovery go through a channel")
    func ephemeral() throws {
        let kinds = try vectors().map(\.message).filter(\.isEphemeral).map { message in
            switch message.body {
            case .broadcast(_, _, let id): id == nil ? "broadcast" : "broadcast with acknowledgements"
            case .serverSideEmit: "emit"
            case .fetchSockets: "fetch"
            default: "another"
            }
        }
        #expect(kinds == ["broadcast with acknowledgements", "fetch", "emit", "emit"])
        // As Node's streams adapter sent it.
        let text =
            "84a47479706507a46461746182a46f70747383a5726f6f6d7391a172a665786365707490a5666c61677381a774696d656f757432a9726571756573744964b064656331646662653066376262333733a3756964b066626339356232666265356639636337a36e7370a12f"
        let message = ClusterMessage(
            sender: "fbc95b2fbe5f9cc7", namespace: "/",
            body: .fetchSockets(ClusterTarget(rooms: ["r"], flags: ClusterFlags(timeout: 50)), requestID: "dec1dfbe0f7bb373"))
        #expect(try ClusterMessage(decoding: hex(text)) == message)
        #expect(hexText(try message.encoded(messagePack: true)) == text)
    }

    @Test("a session for recovery, as Node keeps it")
    func session() throws {
        let text = "hKNzaWSiczGjcGlkonAxpXJvb21zkqJzMaFypGRhdGGCpG5hbWWjYW5uoW4D"
        let session = RecoverySession(
            socketID: "s1", privateID: "p1", rooms: ["s1", "r"], data: try payload(#"{"name":"ann","n":3}"#))
        #expect(try RecoverySession(decoding: ByteBuffer(string: text)) == session)
        #expect(String(buffer: try session.encoded()) == text)
        #expect(RecoverySession.key("p1") == "sio:session:p1")
        #expect(session.concerns(ClusterTarget()))
        #expect(session.concerns(ClusterTarget(rooms: ["x", "r"])))
        #expect(!session.concerns(ClusterTarget(rooms: ["x"])))
        #expect(!session.concerns(ClusterTarget(except: ["s1"])))
        for garbage in ["", "!!!!", "AAA", "wA==", "hKNz"] {
            #expect(throws: ClusterCodingError.self) { try RecoverySession(decoding: ByteBuffer(string: garbage)) }
        }
    }

    @Test("offsets, and names of streams")
    func offsets() {
        #expect(StreamOffset("1700000000000-0")?.text == "1700000000000-0")
        for text in ["", "-", "1", "1-", "-1", "1-1-1", "1-a", "+", "$", "1-1\r\n", "١-١", String(repeating: "1", count: 21) + "-1"] {
            #expect(StreamOffset(text) == nil)
        }
        #expect(StreamName.of(namespace: "/") == "socket.io")
        // As Node computes them; a remainder may be negative there.
        #expect(StreamName.of(namespace: "/", count: 4) == "socket.io-3")
        #expect(StreamName.of(namespace: "/quiz-live", count: 4) == "socket.io-1")
        #expect(StreamName.of(namespace: "/dashboard", count: 4) == "socket.io--3")
        #expect(StreamName.of(namespace: "/😀", count: 4) == "socket.io-2")
    }

    @Test("channels of the sharded adapter")
    func channels() throws {
        func channel(_ rooms: [String], _ mode: ShardedChannels.Mode, requestID: String? = nil) throws -> String {
            let packet = ClusterPacket(payload: try payload(#"["a"]"#))
            let message = self.message(.broadcast(packet, ClusterTarget(rooms: rooms), requestID: requestID))
            return ShardedChannels(mode: mode).channel(of: message)
        }
        #expect(ShardedChannels().node(node) == "socket.io#/#87b8b58a91297776#")
        #expect(try channel([], .dynamic) == "socket.io#/#")
        #expect(try channel(["room1"], .dynamic) == "socket.io#/#room1#")
        #expect(try channel(["room1", "room2"], .dynamic) == "socket.io#/#")
        #expect(try channel(["abcdefghijklmnopqrst"], .dynamic) == "socket.io#/#")
        #expect(try channel(["abcdefghijklmnopqrst"], .dynamicPrivate) == "socket.io#/#abcdefghijklmnopqrst#")
        #expect(try channel(["room1"], .static) == "socket.io#/#")
        #expect(try channel(["room1"], .dynamic, requestID: "1") == "socket.io#/#")
        #expect(ShardedChannels().channel(of: self.message(.heartbeat)) == "socket.io#/#")
    }

    @Test(
        "garbage is refused",
        arguments: [
            "", "{}", "x", #"{"type":3,"uid":"u","nsp":"/"}"#, #"{"type":3,"data":[],"uid":"u","nsp":"/"}"#,
            #"{"type":0,"uid":"u","nsp":"/"}"#, #"{"type":14,"data":{},"uid":"u","nsp":"/"}"#,
            #"{"type":7,"data":{"opts":{}},"uid":"u","nsp":"/"}"#,
            #"{"type":11,"data":{"requestId":"r","clientCount":-1},"uid":"u","nsp":"/"}"#, #"{"type":2,"uid":7,"nsp":"/"}"#,
            #"{"type":9,"data":{"packet":[]},"uid":"u","nsp":"/"}"#,
            #"{"type":8,"data":{"requestId":"r","sockets":{}},"uid":"u","nsp":"/"}"#,
        ])
    func garbage(text: String) {
        #expect(throws: ClusterCodingError.self) { try ClusterMessage(decoding: ByteBuffer(string: text)) }
        for fields in [
            [("uid", "u"), ("nsp", "/"), ("type", "x")], [("uid", "u"), ("nsp", "/")],
            [("uid", "u"), ("nsp", "/"), ("type", "3"), ("data", text)],
        ] {
            let entry = RedisStreamEntry(id: "1-1", fields: fields.map { ($0.0, ByteBuffer(string: $0.1)) })
            #expect(throws: ClusterCodingError.self) { try ClusterMessage(streamEntry: entry) }
        }
    }
}
