import Classroom
import ClassroomStore
import JSONCore
import NIOCore
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("What a payload may be, and how much of it reaches others")
struct PayloadLimitTests {
    private static func padded(to bytes: Int, _ members: String = #""roomId": "r""#) -> String {
        let head = "{" + members + #", "x": ""#
        return head + String(repeating: "x", count: bytes - head.utf8.count - 2) + "\"}"
    }

    private static func nested(_ levels: Int, _ members: String = #""roomId": "r""#) -> String {
        "{" + members + ", \"x\": " + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1) + "}"
    }

    @Test("64 KiB are read, a byte more is invalid; 16 levels are read, 17 are invalid")
    func limits() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.student(0)
            for (fits, exceeds) in [(Self.padded(to: 65_536), Self.padded(to: 65_537)), (Self.nested(16), Self.nested(17))] {
                #expect(try await client.send("chat:join", JSON(stringLiteral: fits), answer: "chat:joined").text("roomId") == "r")
                let refused = try await client.ask("chat:join", JSON(stringLiteral: exceeds))
                #expect(refused.code == "invalid" && refused["error"]?.text("message") == PayloadLimits.refusal.message)
                #expect(try await client.payload("chat:error").text("event") == "chat:join")
            }
        }
    }

    @Test("for every event the limits are checked before the sign-in, and nothing of the payload comes back")
    func beforeSignIn() async throws {
        try await ClassroomBench().run { classroom in
            let nobody = try await classroom.connect()
            for event in ["auth", "quiz:join", "quiz:answer", "chat:message", "dashboard:subscribe"] {
                let tooDeep = Self.nested(100, #""token": "student0_token", "_sentAt": 1"#)
                let refused = try await nobody.ask(event, JSON(stringLiteral: tooDeep))
                #expect(refused.code == "invalid" && refused["_sentAt"] == nil, "\(event)")
            }
            // Nobody was signed in by it.
            #expect(try await nobody.ask("chat:join", #"{"roomId": "r"}"#).code == "unauthenticated")
        }
    }

    @Test("fields that are read may hold 2,048 values, and not one more; the others may hold what fits")
    func values() throws {
        func settings(_ values: Int) throws -> JSONSlice {
            // The settings, and a list that no rule reads within them.
            try JSONSlice(#"{"quizId": "q", "settings": {"x": [\#(Array(repeating: "1", count: values).joined(separator: ","))]}}"#)
        }
        #expect(MessageRules.check("quiz:create_session", try settings(2_048 - 3)).isValid)
        let refused = MessageRules.check("quiz:create_session", try settings(2_048 - 2))
        #expect(!refused.isValid && refused.error?.contains("too many values") == true)
        let ignored = try JSONSlice(#"{"roomId": "r", "x": [\#(Array(repeating: "1", count: 20_000).joined(separator: ","))]}"#)
        #expect(MessageRules.check("chat:join", ignored).data == ["roomId": "r"])
    }

    #if DEBUG
    @Test("a field that is not what its rule reads is not read: the work is that of two passes, whatever it holds")
    func workOfWrongFields() throws {
        let levels = String(repeating: "[", count: 12) + String(repeating: "]", count: 12)
        for value in ["[\(Array(repeating: levels, count: 2_000).joined(separator: ","))]", "\"\(String(repeating: " ", count: 50_000))\""]
        {
            for (event, field) in [("chat:join", "roomId"), ("quiz:answer", "timeSpent"), ("quiz:join", "joinCode"), ("auth", "token")] {
                let slice = try JSONSlice("{\"\(field)\": \(value)}")
                let scanned = JSONWork.bytesScanned { _ = MessageRules.check(event, slice) }
                #expect(scanned <= 2 * slice.bytes.readableBytes, "\(event)")
            }
        }
    }
    #endif

    @Test("of a large payload the members are kept that somebody reads, the last of each name; a small one stays as it is")
    func trimmed() throws {
        let large = try JSONSlice(#"{"x": "\#(String(repeating: "x", count: 600))", "a": 1, "b": [2], "a": 3}"#)
        #expect(PayloadLimits.trimmed(large, to: ["a", "b", "c"]).description == #"{"a":3,"b":[2]}"#)
        let small = try JSONSlice(#"{"x": 1}"#)
        #expect(PayloadLimits.trimmed(small, to: ["a"]) == small)
    }

    @Test("a waiting payload holds no more memory than is counted, however large the read was", arguments: [0, 400, 20_000])
    func buffers(length: Int) throws {
        let text = #"{"a":"\#(String(repeating: "a", count: length))"}"#
        // As much around it as may be, and one byte more.
        for more in [0, 1] {
            let capacity = 2 * text.utf8.count + RequestMemory.overhead + more
            var read = ByteBufferAllocator().buffer(capacity: capacity)
            read.writeString(text)
            // A buffer of the allocator has a power of two; what is looked at has no more than was asked for.
            let isLarger = read.storageCapacity > 2 * text.utf8.count + RequestMemory.overhead
            let payload = try JSONSlice(validating: read)
            let kept = PayloadLimits.compact(payload)
            #expect(kept == payload)
            #expect((address(kept) == address(payload)) == !isLarger)
            #expect(RequestMemory.bytes(of: kept) >= kept.bytes.storageCapacity)
        }
        var read = ByteBuffer(repeating: UInt8(ascii: " "), count: 1 << 20)
        read.setString(text, at: 0)
        let few = try JSONSlice(validating: #require(read.getSlice(at: 0, length: text.utf8.count)))
        #expect(RequestMemory.bytes(of: PayloadLimits.trimmed(few, to: ["a"])) <= 2 * text.utf8.count + RequestMemory.overhead)
    }

    private func address(_ payload: JSONSlice) -> UnsafeRawPointer? { payload.bytes.withUnsafeReadableBytes { $0.baseAddress } }

    @Test("a name that is longer than all of ours is not looked up; a prefix of ours with any other name behind it is")
    func names() {
        var table = RequestTable()
        table.on("quiz:join") { _, _ in .finished }
        #expect(table.route("quiz:join") != nil && table.route("quiz:joins") == nil)
        #expect(table.owns("quiz:join") && table.owns("quiz:" + String(repeating: "e\u{301}", count: 1_000)))
        for name in ["quiz", ":quiz", "quizz:join", String(repeating: "e\u{301}", count: 1_000) + ":join"] { #expect(!table.owns(name)) }
    }

    @Test(
        "the rules say the same of a payload that is not parsed yet",
        arguments: [
            ("auth", #"{"token": "t", "x": 1}"#), ("quiz:join", #"{"sessionId": "s", "nickname": "Ann", "sessionId": "s2"}"#),
            ("quiz:join", "{}"), ("quiz:answer", #"{"questionId": "q", "answer": [1, "a"], "timeSpent": "2", "_sentAt": "7"}"#),
            ("quiz:answer", #"{"questionId": "q", "answer": [[1]]}"#), ("chat:join", "null"), ("chat:join", "[]"), ("chat:join", "7"),
            ("chat:message", #"{"content": "<b>hi</b>", "\u0074ype": "text"}"#), ("quiz:none", "{}"),
            ("dashboard:subscribe", #"{"metrics": "x"}"#),
            ("quiz:create_session", #"{"quizId": "q", "settings": {"extraTime": {"u": 5}, "pace": "self"}}"#),
        ])
    func sameVerdict(event: String, text: String) throws {
        let slice = try JSONSlice(text)
        var values = Int.max
        let whole = try #require(Payload(slice, atMost: &values))
        #expect(MessageRules.check(event, slice) == MessageRules.check(event, whole))
    }

    @Test("a latency stamp of 32 characters comes back, one of 33 is ignored")
    func latencyStamp() async throws {
        try await ClassroomBench().run { classroom in
            let clients = [try await classroom.student(0), try await classroom.student(1)]
            for client in clients { _ = try await client.ask("chat:join", #"{"roomId": "r"}"#) }
            for (length, isKept) in [(32, true), (33, false), (60_000, false)] {
                for stamp in [String(repeating: "1", count: length), "\"" + String(repeating: "1", count: length) + "\""] {
                    let answer = try await clients[0].ask("chat:message", JSON(#"{"content": "hi", "_sentAt": \#(stamp)}"#))
                    #expect(answer["_sentAt"]?.description == (isKept ? stamp : nil))
                    for client in clients {
                        #expect(try await client.payload("chat:message")["_sentAt"]?.description == (isKept ? stamp : nil))
                    }
                }
            }
        }
    }

    @Test("of an unknown event's name 64 bytes come back, to the sender")
    func eventName() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.student(0)
            for name in ["quiz:" + String(repeating: "x", count: 900), "quiz:e" + String(repeating: "\u{301}", count: 400)] {
                try await client.emit(name, JSONNull())
                let error = try await client.payload("quiz:error")
                #expect((error.text("event") ?? "").utf8.count <= 66 && error.text("code") == "not_found")
                #expect(name.utf8.starts(with: (error.text("event") ?? "").utf8.dropLast(3)))
            }
        }
    }

    @Test(
        "every text that reaches others is bounded: n passes, n + 1 is refused",
        arguments: [
            ("chat:message", #"{"roomId": "r", "content": "hi", "clientId": "VALUE"}"#, 64),
            ("chat:message", #"{"roomId": "r", "content": "VALUE"}"#, 2_000),
            ("quiz:join", #"{"joinCode": "123456", "nickname": "VALUE"}"#, 32),
            ("chat:join", #"{"roomId": "VALUE"}"#, 64), ("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "VALUE"}"#, 64),
            ("quiz:answer", #"{"sessionId": "s", "questionId": "VALUE", "answer": 1}"#, 128),
            ("quiz:answer", #"{"sessionId": "s", "questionId": "q1", "answer": "VALUE"}"#, 500),
            ("quiz:kick", #"{"sessionId": "s", "userId": "VALUE"}"#, 128),
            ("dashboard:subscribe", #"{"metrics": ["VALUE"]}"#, 128),
        ])
    func texts(event: String, payload: String, maximum: Int) throws {
        func isAllowed(_ length: Int) throws -> Bool {
            let text = payload.replacing("VALUE", with: String(repeating: "a", count: length))
            let checked = MessageRules.check(event, try JSONSlice(text))
            // The rules leave a nickname's length to the name itself.
            guard checked.isValid, let nickname = checked.data["nickname"]?.string else { return checked.isValid }
            return (try? Nickname(nickname)) != nil
        }
        #expect(try isAllowed(maximum))
        #expect(try !isAllowed(maximum + 1))
    }
}
