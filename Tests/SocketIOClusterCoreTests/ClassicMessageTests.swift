import NIOCore
import SocketIOCore
import SocketIOClusterCore
import Testing

@Suite("Messages of the classic adapter and of the emitter")
struct ClassicMessageTests {
    private func broadcast(
        _ sender: String, _ payload: ClusterPayload, namespace: String = "/", _ target: ClusterTarget = ClusterTarget()
    ) -> ClassicBroadcast {
        ClassicBroadcast(sender: sender, packet: ClusterPacket(payload: payload, namespace: namespace), target: target)
    }

    @Test("channels")
    func channels() {
        let main = ClassicChannels()
        #expect(main.broadcastPattern == "socket.io#/#*")
        #expect((main.request, main.response) == ("socket.io-request#/#", "socket.io-response#/#"))
        #expect(main.response(to: "uid0xx") == "socket.io-response#/#uid0xx#")
        #expect(main.broadcast(to: ClusterTarget()) == "socket.io#/#")
        #expect(main.broadcast(to: ClusterTarget(rooms: ["room1"])) == "socket.io#/#room1#")
        #expect(main.broadcast(to: ClusterTarget(rooms: ["room1", "room2"])) == "socket.io#/#")
        #expect(main.room(of: "socket.io#/#") == .some(nil))
        #expect(main.room(of: "socket.io#/#a#b#") == .some("a#b"))
        #expect(main.room(of: "socket.io#/admin#x#") == .none)
        let admin = ClassicChannels(key: "my", namespace: "/admin")
        #expect((admin.broadcast, admin.request) == ("my#/admin#", "my-request#/admin#"))
        // A namespace with a pattern's characters hears itself only.
        #expect(ClassicChannels(namespace: "/a*[b]").broadcastPattern == #"socket.io#/a\*\[b\]#*"#)
    }

    @Test("a broadcast, byte for byte as Node writes it, and read back")
    func broadcasts() throws {
        let vectors: [(ClassicBroadcast, String)] = [
            (
                broadcast("uid0xx", try payload(Vectors.event)),
                "93a675696430787883a47479706502a4646174619da568656c6c6f01ffcd012cce00011170d2ffff63c0cf000000012a05f200cb3ff8000000000000a5c3bce29c93c0c381a16190d92878787878787878787878787878787878787878787878787878787878787878787878787878787878a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380"
            ),
            (
                broadcast(
                    "uid0xx", try payload(#"["a"]"#),
                    ClusterTarget(rooms: ["room1"], except: ["s9"], flags: ClusterFlags(isVolatile: true, compress: false))),
                "93a675696430787883a47479706502a46461746191a161a36e7370a12f83a5726f6f6d7391a5726f6f6d31a665786365707491a27339a5666c61677382a8766f6c6174696c65c3a8636f6d7072657373c2"
            ),
            (
                broadcast("uid5xx", try payload(#"["a"]"#), namespace: "/admin", ClusterTarget(rooms: ["room1", "room2"])),
                "93a675696435787883a47479706502a46461746191a161a36e7370a62f61646d696e83a5726f6f6d7392a5726f6f6d31a5726f6f6d32a665786365707490a5666c61677380"
            ),
        ]
        for (message, text) in vectors {
            #expect(hexText(try message.encoded()) == text)
            #expect(try ClassicBroadcast(decoding: hex(text)) == message)
        }
    }

    @Test("a broadcast with binary values; Node's undefined is read as null")
    func binaryBroadcast() throws {
        let text =
            "93a675696430787883a47479706502a46461746194a362696ec4030102ff82a162c400a16391c403616263d40000a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380"
        let message = broadcast("uid0xx", try Vectors.binaryPayload())
        #expect(try ClassicBroadcast(decoding: hex(text)) == message)
        #expect(hexText(try message.encoded()) == text.replacing("d40000", with: "c0"))
    }

    @Test("the emitter's broadcasts, whose options come in another order")
    func emitter() throws {
        let plain = try ClassicBroadcast(
            decoding: hex(
                "93a7656d697474657283a47479706502a46461746192a568656c6c6f81a16101a36e7370a12f83a5726f6f6d7390a5666c61677380a665786365707490"
            ))
        #expect(plain == broadcast("emitter", try payload(#"["hello",{"a":1}]"#)))
        let room = try ClassicBroadcast(
            decoding: hex(
                "93a7656d697474657283a47479706502a46461746192a568656c6c6fc40101a36e7370a12f83a5726f6f6d7391a5726f6f6d31a5666c61677381a8766f6c6174696c65c3a665786365707491a178"
            ))
        #expect(
            room
                == broadcast(
                    "emitter", try payload(#"["hello",{"_placeholder":true,"num":0}]"#, [1]),
                    ClusterTarget(rooms: ["room1"], except: ["x"], flags: ClusterFlags(isVolatile: true))))
    }

    @Test("a broadcast of an older node: no namespace in the packet, numbers as rooms, no flags")
    func tolerance() throws {
        // [ "u", {type: 2, data: ["a"]}, {rooms: [7], except: []} ]
        let message = try ClassicBroadcast(decoding: hex("93a17582a47479706502a46461746191a16182a5726f6f6d739107a665786365707490"))
        #expect(message == broadcast("u", try payload(#"["a"]"#), ClusterTarget(rooms: ["7"])))
    }

    @Test(
        "requests, byte for byte as Node writes them, and read back",
        arguments: [
            #"{"uid":"uid0xx","requestId":"rq0001","type":0,"rooms":["r"]}"#, #"{"uid":"uid0xx","requestId":"uid3xx","type":1}"#,
            #"{"uid":"uid0xx","type":2,"opts":{"rooms":["r"],"except":["x"]},"rooms":["n1","n2"]}"#,
            #"{"uid":"uid0xx","type":3,"opts":{"rooms":["r"],"except":[]},"rooms":["n1"]}"#,
            #"{"uid":"uid0xx","type":4,"opts":{"rooms":[],"except":[]},"close":true}"#,
            #"{"uid":"uid0xx","requestId":"uid2xx","type":5,"opts":{"rooms":["r"],"except":[]}}"#,
            #"{"uid":"uid0xx","type":6,"data":["hi",{"n":1}]}"#, #"{"uid":"uid0xx","requestId":"uid4xx","type":6,"data":["ask","x"]}"#,
            // The emitter's, with and without its name.
            #"{"type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["room2"]}"#,
            #"{"type":4,"opts":{"rooms":["room1"],"except":[]},"close":true}"#, #"{"uid":"emitter","type":6,"data":["hi",1]}"#,
        ])
    func requests(text: String) throws {
        let request = try ClassicRequest(decoding: ByteBuffer(string: text))
        #expect(String(buffer: try request.encoded()) == text)
    }

    @Test("the contents of a request")
    func meaning() throws {
        func body(_ text: String) throws -> ClassicRequest.Body { try ClassicRequest(decoding: ByteBuffer(string: text)).body }
        #expect(
            try body(#"{"uid":"u","type":2,"opts":{"rooms":["r"],"except":["x"]},"rooms":["n1","n2"]}"#)
                == .join(ClusterTarget(rooms: ["r"], except: ["x"]), rooms: ["n1", "n2"]))
        #expect(try body(#"{"type":4,"opts":{"rooms":[],"except":[]},"close":true}"#) == .disconnect(ClusterTarget(), close: true))
        #expect(try body(#"{"type":6,"data":["hi",1]}"#) == .serverSideEmit(try payload(#"["hi",1]"#)))
    }

    @Test("a broadcast that wants acknowledgements is a request in MessagePack")
    func broadcastRequest() throws {
        let text =
            "85a3756964a6756964307878a9726571756573744964a6756964317878a47479706507a67061636b657483a47479706502a46461746192a17101a36e7370a12fa46f70747383a5726f6f6d7390a665786365707490a5666c61677382a774696d656f757464b465787065637453696e676c65526573706f6e7365c2"
        let request = ClassicRequest(
            sender: "uid0xx", requestID: "uid1xx",
            body: .broadcast(
                ClusterPacket(payload: try payload(#"["q",1]"#), namespace: "/"),
                ClusterTarget(flags: ClusterFlags(timeout: 100, expectsSingleResponse: false))))
        #expect(hexText(try request.encoded()) == text)
        #expect(try ClassicRequest(decoding: hex(text)) == request)
    }

    @Test("answers, as Node writes them")
    func responses() throws {
        let socket =
            #"{"id":"s1","handshake":{"headers":{"host":"h"},"time":"t","query":{"EIO":"4"}},"rooms":["s1","r"],"data":{"name":"ann"}}"#
        let vectors: [(String, ClassicResponse)] = [
            (
                #"{"requestId":"rq0001","sockets":["s1"]}"#,
                ClassicResponse(requestID: "rq0001", body: .sockets([try JSONSlice(#""s1""#)]))
            ),
            (#"{"requestId":"rq0002","rooms":["s1","r"]}"#, ClassicResponse(requestID: "rq0002", body: .rooms(["s1", "r"]))),
            (
                #"{"requestId":"rq0003","sockets":[\#(socket)]}"#,
                ClassicResponse(requestID: "rq0003", body: .sockets([try JSONSlice(socket)]))
            ),
            (
                #"{"type":6,"requestId":"rq0004","data":{"answer":[1,"two"]}}"#,
                ClassicResponse(requestID: "rq0004", body: .serverSideEmit(try payload(#"{"answer":[1,"two"]}"#)))
            ),
            (#"{"type":8,"requestId":"rq0005","clientCount":1}"#, ClassicResponse(requestID: "rq0005", body: .clientCount(1))),
            (#"{"requestId":"rq0006"}"#, ClassicResponse(requestID: "rq0006", body: .done)),
        ]
        for (text, response) in vectors {
            #expect(try ClassicResponse(decoding: ByteBuffer(string: text)) == response)
            #expect(String(buffer: try response.encoded()) == text)
        }
        let text = "83a47479706509a9726571756573744964a6727130303035a67061636b657481a26f6bc40109"
        let acknowledgement = ClassicResponse(
            requestID: "rq0005", body: .acknowledgement(try payload(#"{"ok":{"_placeholder":true,"num":0}}"#, [9])))
        #expect(try ClassicResponse(decoding: hex(text)) == acknowledgement)
        #expect(hexText(try acknowledgement.encoded()) == text)
    }

    @Test(
        "garbage is refused with a reason that repeats nothing of it",
        arguments: [
            "", "{", "{}", "hello", "[]", #"{"type":"2"}"#, #"{"type":99,"uid":"secret"}"#, #"{"type":2}"#,
            #"{"type":2,"opts":{"rooms":"r","except":[]},"rooms":[]}"#, #"{"type":2,"opts":{"rooms":[{}],"except":[]},"rooms":[]}"#,
            #"{"type":6,"data":[]}"#, #"{"type":6,"data":"secret"}"#, #"{"type":7,"packet":{"type":3,"data":["secret"]},"opts":{}}"#,
            "{\"type\":1}trailing", "\u{0}\u{1}\u{2}", String(repeating: "[", count: 1_000), "{" + String(repeating: "\"a\":{", count: 200),
        ])
    func garbage(text: String) {
        let error = #expect(throws: ClusterCodingError.self) { try ClassicRequest(decoding: ByteBuffer(string: text)) }
        #expect(error.map { "\($0)".contains("secret") } == false)
        #expect(throws: ClusterCodingError.self) { try ClassicBroadcast(decoding: ByteBuffer(string: text)) }
        if !text.hasPrefix("{\"type\":1}") {
            #expect(throws: ClusterCodingError.self) { try ClassicResponse(decoding: ByteBuffer(string: text)) }
        }
    }
}
