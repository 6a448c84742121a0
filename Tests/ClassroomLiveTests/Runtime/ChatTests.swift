import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Chat System Integration")
struct ChatTests {
    @Test("should handle real-time chat with message persistence")
    func persistence() async throws {
        try await ClassroomBench().run { classroom in
            let clients = [try await classroom.connect(), try await classroom.connect()]
            for (index, client) in clients.enumerated() {
                _ = try await client.send("auth", #"{"token": "student\#(index)_token"}"#, answer: "auth:success")
                _ = try await client.send("chat:join", #"{"roomId": "test_room_1"}"#, answer: "chat:joined")
            }
            try await clients[0].emit(
                "chat:message",
                #"{"roomId": "test_room_1", "content": "Hello from integration test!", "type": "text", "_sentAt": 3, "clientId": "c1"}"#
                    as JSON)
            for client in clients {
                let message = try await client.payload("chat:message")
                #expect(message.text("username") == "student0")
                #expect(message.text("userId") == "user0")
                #expect(message.text("roomId") == "test_room_1")
                #expect(message.text("content") == "Hello from integration test!")
                #expect(message.text("type") == "text")
                #expect(message.number("sequence") == 1)
                #expect(message.number("_sentAt") == 3)
                #expect(message.text("clientId") == "c1")
                #expect(message.text("id")?.count == 36)
            }
            let stored = try await classroom.store.recentChat(roomID: "test_room_1", limit: 10)
            #expect(stored.map(\.content) == ["Hello from integration test!"])
            // Who comes later gets the history and the members.
            let late = try await classroom.student(2)
            let joined = try await late.ask("chat:join", #"{"roomId": "test_room_1"}"#)
            #expect(joined["history"]?[0]?.text("content") == "Hello from integration test!")
            #expect(joined["members"]?.elements.compactMap { $0.text("userId") } == ["user0", "user1", "user2"])
        }
    }

    @Test("sent again by the same client id it is one message: acknowledged as the first, and told to nobody anew")
    func sentAgain() async throws {
        try await ClassroomBench().run { classroom in
            let (ann, ben) = (try await classroom.student(0), try await classroom.student(1))
            for client in [ann, ben] { _ = try await client.ask("chat:join", #"{"roomId": "r"}"#) }
            let first = try await ann.ask("chat:message", #"{"content": "once", "clientId": "c"}"#)
            let second = try await ann.ask("chat:message", #"{"content": "once", "clientId": "c"}"#)
            #expect(second.text("id") == first.text("id"))
            #expect(second.number("sequence") == 1)
            _ = try await ben.ask("chat:message", #"{"content": "last", "clientId": "c"}"#)
            for client in [ann, ben] {
                #expect(try await client.payload("chat:message").text("content") == "once")
                #expect(try await client.payload("chat:message").text("content") == "last")
            }
            // Without an acknowledgement the event is the answer, for the sender alone.
            try await ann.emit("chat:message", #"{"content": "once", "clientId": "c"}"# as JSON)
            #expect(try await ann.payload("chat:message").text("id") == first.text("id"))
            _ = try await ben.ask("chat:leave")
            #expect(!ben.unread.contains { $0.name == "chat:message" })
        }
    }

    @Test("an empty client id is none: every message with it is a message of its own")
    func emptyClientID() async throws {
        try await ClassroomBench().run { classroom in
            let ann = try await classroom.student(0)
            _ = try await ann.ask("chat:join", #"{"roomId": "r"}"#)
            for number in 1...2 {
                let message = try await ann.ask("chat:message", #"{"content": "\#(number)", "clientId": ""}"#)
                #expect(message.number("sequence") == number)
                #expect(message["clientId"] == nil)
            }
        }
    }

    @Test("a name cannot turn other people's text around")
    func names() async throws {
        try await ClassroomBench().run { classroom in
            try await classroom.add(User(id: "mallory", username: "\u{202E}yrollaM\u{2066}"), token: "mallory_token")
            let mallory = try await classroom.connect("mallory_token")
            #expect(try await mallory.ask("auth", #"{"token": "mallory_token"}"#).text("username") == "yrollaM")
            let joined = try await mallory.ask("chat:join", #"{"roomId": "r"}"#)
            #expect(joined["members"]?[0]?.text("username") == "yrollaM")
            #expect(try await mallory.ask("chat:message", #"{"content": "x"}"#).text("username") == "yrollaM")
        }
    }

    @Test("everybody sees the messages in one order, a sender's own in sending order, and each is acknowledged")
    func order() async throws {
        try await ClassroomBench { $0.chatRate = .init(capacity: 1_000, refillPerSecond: 1) }.run { classroom in
            let clients = [try await classroom.student(0), try await classroom.student(1), try await classroom.student(2)]
            for client in clients { _ = try await client.ask("chat:join", #"{"roomId": "r"}"#) }
            try await withThrowingTaskGroup { group in
                for (index, client) in clients.enumerated() {
                    group.addTask {
                        for number in 0..<40 { try await client.emit("chat:message", #"{"content": "\#(index)-\#(number)"}"# as JSON) }
                    }
                }
                try await group.waitForAll()
            }
            var logs: [[String]] = []
            for client in clients {
                var log: [String] = []
                for sequence in 1...120 {
                    let message = try await client.payload("chat:message")
                    #expect(message.number("sequence") == sequence)
                    log.append(message.text("content") ?? "")
                }
                logs.append(log)
            }
            #expect(logs[0] == logs[1] && logs[1] == logs[2])
            for index in 0..<3 { #expect(logs[0].filter { $0.hasPrefix("\(index)-") } == (0..<40).map { "\(index)-\($0)" }) }
            let ack = try await clients[0].ask("chat:message", #"{"content": "last", "_sentAt": 1.5}"#)
            #expect(ack.isOK)
            #expect(ack.number("sequence") == 121)
            #expect(ack["_sentAt"]?.double == 1.5)
        }
    }

    @Test("a leave behind messages takes effect after them, and a message behind a leave is refused")
    func leave() async throws {
        try await ClassroomBench().run { classroom in
            let ann = try await classroom.student(0)
            _ = try await ann.ask("chat:join", #"{"roomId": "r"}"#)
            try await ann.emit("chat:message", #"{"content": "one"}"# as JSON)
            try await ann.emit("chat:message", #"{"content": "two"}"# as JSON)
            try await ann.emit("chat:leave")
            try await ann.emit("chat:message", #"{"content": "three"}"# as JSON)
            #expect(try await ann.payload("chat:error").text("code") == "forbidden")
            #expect(ann.unread.filter { $0.name != "chat:joined" }.map(\.name) == ["chat:message", "chat:message", "chat:left"])
            #expect(classroom.runtime.snapshot().chatRooms == 0)
        }
    }

    @Test("content is sanitised, and what is wrong with a message is said")
    func validation() async throws {
        try await ClassroomBench { $0.chatRate = .init(capacity: 1_000, refillPerSecond: 1) }.run { classroom in
            let ann = try await classroom.student(0)
            #expect(try await ann.ask("chat:message", #"{"roomId": "r", "content": "hi"}"#).code == "forbidden")
            _ = try await ann.ask("chat:join", #"{"roomId": "r"}"#)
            let sanitised = try await ann.ask("chat:message", #"{"content": "<script>alert(\"xss\")</script>Hello"}"#)
            #expect(sanitised.text("content") == "Hello")
            for payload: JSON in [
                "{}", #"{"content": 5}"#, #"{"content": "<b></b>"}"#, #"{"content": "\#(String(repeating: "a", count: 2_001))"}"#,
                #"{"content": "x", "type": "image"}"#, #"{"content": "x", "clientId": 5}"#, #"{"content": "x", "clientId": "a\u0000b"}"#,
                #"{"content": "x", "roomId": "no spaces"}"#,
                #"{"content": "x", "roomId": 5}"#,
            ] {
                let refused = try await ann.ask("chat:message", payload)
                #expect(refused.code == "invalid", "\(payload.text.prefix(40))")
                #expect(refused["error"]?.text("message")?.hasPrefix("Validation error") == true)
            }
            #expect(try await ann.ask("chat:message", #"{"content": "\#(String(repeating: "a", count: 2_000))"}"#).isOK)
            #expect(try await ann.ask("chat:join", #"{"roomId": "no spaces"}"#).code == "invalid")
            let nobody = try await classroom.connect()
            #expect(try await nobody.ask("chat:join", #"{"roomId": "r"}"#).code == "unauthenticated")
            #expect(try await nobody.ask("chat:message", #"{"roomId": "r", "content": "x"}"#).code == "unauthenticated")
        }
    }

    @Test("thirty messages a minute a user, the next one is refused at once")
    func rateLimit() async throws {
        try await ClassroomBench().run { classroom in
            let ann = try await classroom.student(0)
            _ = try await ann.ask("chat:join", #"{"roomId": "r"}"#)
            for _ in 0..<31 { try await ann.emit("chat:message", #"{"content": "hi"}"# as JSON) }
            let refused = try await ann.payload("chat:error")
            #expect(refused.text("code") == "rate_limited")
            #expect(refused.text("message")?.contains("rate limit") == true)
            #expect(refused.number("retryAfterMs") == 2_000)
            for _ in 0..<30 { _ = try await ann.payload("chat:message") }
        }
    }

    @Test("a socket that goes is no member any more")
    func departure() async throws {
        try await ClassroomBench().run { classroom in
            let ann = try await classroom.student(0)
            let ben = try await classroom.student(1)
            _ = try await ann.ask("chat:join", #"{"roomId": "r"}"#)
            await ann.drop()
            try await eventually { classroom.runtime.snapshot().chatRooms == 0 }
            let joined = try await ben.ask("chat:join", #"{"roomId": "r"}"#)
            #expect(joined["members"]?.elements.compactMap { $0.text("userId") } == ["user1"])
        }
    }

    @Test("a join whose history cannot be read has not happened; one of a room that one is in changes nothing")
    func failedHistory() async throws {
        let store = StoreDouble()
        try await ClassroomBench(store: store).run { classroom in
            let ann = try await classroom.student(0)
            let ben = try await classroom.student(1)
            for client in [ann, ben] { #expect(try await client.ask("chat:join", #"{"roomId": "old"}"#).isOK) }
            #expect(try await ben.ask("chat:join", #"{"roomId": "new"}"#).isOK)
            store.fail([.history])
            for room in ["new", "old"] {
                #expect(try await ann.ask("chat:join", #"{"roomId": "\#(room)"}"#).code == "unavailable")
            }
            store.fail([])
            for room in ["new", "old"] { #expect(try await ben.ask("chat:message", #"{"roomId": "\#(room)", "content": "hi"}"#).isOK) }
            #expect(try await ann.payload("chat:message").text("roomId") == "old")
            #expect(try await ann.ask("chat:message", #"{"roomId": "new", "content": "hi"}"#).code == "forbidden")
            let members = try await ben.ask("chat:join", #"{"roomId": "new"}"#)["members"]
            #expect(members?.elements.compactMap { $0.text("userId") } == ["user1"])
            #expect(!ann.unread.contains { $0.name == "chat:message" })
        }
    }

    @Test("a message that was stored although the database did not say so comes with the next one, in its order")
    func storedUnsaid() async throws {
        let store = StoreDouble(isShared: true)
        try await ClassroomBench(store: store).run { classroom in
            let (ann, ben) = (try await classroom.student(0), try await classroom.student(1))
            for client in [ann, ben] { _ = try await client.ask("chat:join", #"{"roomId": "r"}"#) }
            store.lose([.chat])
            #expect(try await ann.ask("chat:message", #"{"content": "one"}"#).code == "unavailable")
            store.lose([])
            #expect(try await ann.ask("chat:message", #"{"content": "two"}"#).number("sequence") == 2)
            classroom.clock.advance(by: ChatRelay.gapPatienceMs)
            for client in [ann, ben] {
                for (sequence, content) in [(1, "one"), (2, "two")] {
                    let message = try await client.payload("chat:message")
                    #expect(message.number("sequence") == sequence && message.text("content") == content)
                }
            }
        }
    }

    @Test("whoever sends such a message again tells it to the room")
    func storedUnsaidSentAgain() async throws {
        let store = StoreDouble(isShared: true)
        try await ClassroomBench(store: store).run { classroom in
            let (ann, ben) = (try await classroom.student(0), try await classroom.student(1))
            for client in [ann, ben] { _ = try await client.ask("chat:join", #"{"roomId": "r"}"#) }
            store.lose([.chat])
            #expect(try await ann.ask("chat:message", #"{"content": "one", "clientId": "c"}"#).code == "unavailable")
            store.lose([])
            for _ in 0..<2 { #expect(try await ann.ask("chat:message", #"{"content": "one", "clientId": "c"}"#).number("sequence") == 1) }
            _ = try await ann.ask("chat:message", #"{"content": "two"}"#)
            for client in [ann, ben] {
                for content in ["one", "two"] { #expect(try await client.payload("chat:message").text("content") == content) }
            }
        }
    }
}
