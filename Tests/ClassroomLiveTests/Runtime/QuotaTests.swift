import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Quotas of a person and bounds of a request")
struct QuotaTests {
    // MARK: Size and depth

    @Test("a payload of 64 KiB is read, one byte more is not; sixteen levels are, one more is not")
    func bounds() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.student(0)
            func padded(_ bytes: Int) -> String {
                let frame = #"{"roomId": "r", "x": ""}"#
                return #"{"roomId": "r", "x": "\#(String(repeating: "x", count: bytes - frame.utf8.count))"}"#
            }
            #expect(try await client.ask("chat:join", JSON(stringLiteral: padded(65_536))).isOK)
            #expect(try await client.ask("chat:join", JSON(stringLiteral: padded(65_537))).code == "invalid")
            func nested(_ levels: Int) -> String {
                #"{"roomId": "r", "x": \#(String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1))}"#
            }
            #expect(try await client.ask("chat:join", JSON(stringLiteral: nested(16))).isOK)
            #expect(try await client.ask("chat:join", JSON(stringLiteral: nested(17))).code == "invalid")
        }
    }

    @Test("a stamp that goes back is a number of at most 32 characters")
    func stamp() async throws {
        try await ClassroomBench().run { classroom in
            let client = try await classroom.student(0)
            let longest = "1" + String(repeating: "0", count: 31)
            #expect(try await client.ask("chat:leave", JSON(stringLiteral: "{\"_sentAt\": \(longest)}"))["_sentAt"] != nil)
            #expect(try await client.ask("chat:leave", JSON(stringLiteral: "{\"_sentAt\": \(longest)0}"))["_sentAt"] == nil)
            #expect(try await client.ask("chat:leave", JSON(stringLiteral: "{\"_sentAt\": \"\(longest)0\"}"))["_sentAt"] == nil)
            for text in [#"1e3\r\n"#, " 1", #"1\u00a0"#, "+1x"] {
                #expect(try await client.ask("chat:leave", JSON(stringLiteral: "{\"_sentAt\": \"\(text)\"}"))["_sentAt"] == nil)
            }
            #expect(try await client.ask("chat:leave", #"{"_sentAt": "-1.5e3"}"#)["_sentAt"] != nil)
        }
    }

    // MARK: What waits

    @Test("what waits of a socket is bounded in bytes, and the same fits again when it is done", arguments: ["socket", "user", "server"])
    func waitingBytes(of scope: String) async throws {
        let store = StoreDouble()
        // Two messages under way, each its payload and a kilobyte.
        let bench = ClassroomBench(store: store) { configuration in
            switch scope {
            case "socket": configuration.maximumWaitingBytesPerSocket = 2_400
            case "user": configuration.maximumWaitingBytesPerUser = 2_400
            // Nobody holds more than is free.
            default: configuration.maximumWaitingBytes = 4_800
            }
        }
        try await bench.run { classroom in
            let client = try await classroom.student(0)
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).isOK)
            for _ in 0..<2 {
                store.hold([.chat])
                for _ in 0..<2 { try await client.emit("chat:message", JSON(stringLiteral: #"{"content": "held"}"#)) }
                await store.waits(for: 2)
                #expect(try await client.ask("chat:message", #"{"content": "one too many"}"#).code == "unavailable")
                store.release()
                for _ in 0..<2 { _ = try await client.payload("chat:message") }
                try await eventually { classroom.runtime.pipeline.memory.total == 0 }
            }
        }
    }

    @Test("a sign-in by a handshake counts as long as it waits, with its packet: that of one fits, a byte less is too little")
    func waitingSignIns() async throws {
        let auth = #"{"token":"student0_token"}"#.utf8.count + RequestMemory.signInOverhead
        try await ClassroomBench { $0.maximumWaitingBytesPerUser = auth }.run { classroom in
            // One after the other: what was counted is given back.
            for _ in 0..<2 { _ = try await classroom.connect("student0_token") }
            #expect(classroom.runtime.pipeline.memory.total == 0)
        }
        try await ClassroomBench { $0.maximumWaitingBytesPerUser = auth - 1 }.run { classroom in
            await #expect(throws: (any Error).self) { _ = try await classroom.connect("student0_token") }
            _ = try await classroom.connect()
        }
    }

    @Test("what waits leaves nothing behind when its socket goes")
    func departure() async throws {
        let store = StoreDouble()
        try await ClassroomBench(store: store).run { classroom in
            let client = try await classroom.student(0)
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).isOK)
            store.hold([.chat])
            for _ in 0..<5 { try await client.emit("chat:message", JSON(stringLiteral: #"{"content": "held"}"#)) }
            await store.waits(for: 5)
            await client.drop()
            store.release()
            try await eventually { classroom.runtime.pipeline.memory.total == 0 && classroom.runtime.snapshot().connections == 0 }
        }
    }

    // MARK: A person's share

    @Test("one person has so many chat rooms over all sockets; others still find room")
    func chatRooms() async throws {
        try await ClassroomBench { $0.maximumChatRoomsPerUser = 2 }.run { classroom in
            let phone = try await classroom.student(0)
            let laptop = try await classroom.student(0)
            #expect(try await phone.ask("chat:join", #"{"roomId": "a"}"#).isOK)
            #expect(try await laptop.ask("chat:join", #"{"roomId": "b"}"#).isOK)
            #expect(try await laptop.ask("chat:join", #"{"roomId": "a"}"#).isOK)
            #expect(try await laptop.ask("chat:join", #"{"roomId": "c"}"#).code == "conflict")
            let other = try await classroom.student(1)
            #expect(try await other.ask("chat:join", #"{"roomId": "c"}"#).isOK)
            // Still in it on the other socket.
            #expect(try await laptop.ask("chat:leave", #"{"roomId": "a"}"#).isOK)
            #expect(try await laptop.ask("chat:join", #"{"roomId": "c"}"#).code == "conflict")
            #expect(try await phone.ask("chat:leave", #"{"roomId": "a"}"#).isOK)
            #expect(try await laptop.ask("chat:join", #"{"roomId": "c"}"#).isOK)
        }
    }

    @Test("one person has so many dashboards over all sockets; others still get theirs, and what is left is free again")
    func dashboards() async throws {
        try await ClassroomBench { $0.maximumDashboardsPerUser = 1 }.run { classroom in
            let first = try await classroom.student(0)
            let second = try await classroom.student(0)
            #expect(try await first.ask("dashboard:subscribe").isOK)
            #expect(try await first.ask("dashboard:subscribe").isOK)
            #expect(try await second.ask("dashboard:subscribe").code == "unavailable")
            #expect(try await classroom.student(1).ask("dashboard:subscribe").isOK)
            #expect(try await first.ask("dashboard:unsubscribe").isOK)
            #expect(try await second.ask("dashboard:subscribe").isOK)
        }
    }

    @Test("one person has so many sockets; a further one is refused by the handshake and by auth, and fits when another has gone")
    func sockets() async throws {
        try await ClassroomBench { $0.maximumSocketsPerUser = 1 }.run { classroom in
            let first = try await classroom.student(0)
            await #expect(throws: (any Error).self) { _ = try await classroom.student(0) }
            let second = try await classroom.connect()
            #expect(try await second.ask("auth", #"{"token": "student0_token"}"#).code == "unavailable")
            #expect(try await second.ask("auth", #"{"token": "student1_token"}"#).isOK)
            await first.drop()
            try await eventually { try await second.ask("auth", #"{"token": "student0_token"}"#).isOK }
        }
    }

    @Test("one owner has so many sessions in memory; another may still create one")
    func sessions() async throws {
        try await ClassroomBench { $0.maximumLoadedSessionsPerOwner = 1 }.run { classroom in
            let host = try await classroom.host("a")
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).code == "unavailable")
            try await classroom.store.save(Quiz(id: "free", title: "Free", questions: ClassroomBench.quiz.questions, createdBy: ""))
            let other = try await classroom.connect("other_token")
            #expect(try await other.ask("quiz:create_session", #"{"quizId": "free"}"#).isOK)
            #expect(try await host.ask("quiz:end", #"{"sessionId": "a"}"#).isOK)
            classroom.clock.advance(by: 60_000)
            try await eventually { try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).isOK }
        }
    }

    @Test("a quiz is read for whoever may host or start it now, and for nobody else")
    func quizReads() async throws {
        let store = StoreDouble()
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host()
            let other = try await classroom.connect("other_token")
            #expect(store.quizReads == 1)
            for _ in 0..<3 {
                #expect(try await other.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).code == "forbidden")
                #expect(try await host.ask("quiz:create_session", #"{"quizId": "none"}"#).code == "not_found")
                let taken = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "test_session_1"}"#)
                #expect(taken.code == "conflict")
                #expect(try await other.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            }
            #expect(store.quizReads == 1)
            try await classroom.start(host)
            #expect(store.quizReads == 2)
            for _ in 0..<3 { #expect(try await host.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "conflict") }
            #expect(store.quizReads == 2)
        }
        let full = StoreDouble()
        try await ClassroomBench(store: full) { $0.maximumLoadedSessionsPerOwner = 0 }.run { classroom in
            let host = try await classroom.connect("instructor_token")
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).code == "unavailable")
            #expect(full.quizReads == 0)
        }
    }

    @Test(
        "the quizzes that are played take so much memory, of an owner and of all; what an ended session took is free again",
        arguments: [true, false])
    func playedQuizBytes(ofOwner: Bool) async throws {
        let both = 2 * ClassroomBench.quiz.memoryBytes
        func bench(_ bytes: Int) -> ClassroomBench {
            ClassroomBench { if ofOwner { $0.maximumPlayedQuizBytesPerOwner = bytes } else { $0.maximumPlayedQuizBytes = bytes } }
        }
        try await bench(both - 1).run { classroom in
            let host = try await classroom.host("a")
            let refused = try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#)
            #expect(refused.code == "unavailable" && refused["error"]?.number("retryAfterMs") == 1_000)
        }
        try await bench(both).run { classroom in
            let host = try await classroom.host("a")
            for id in ["b", "c", "d"] {
                let create = JSON(stringLiteral: #"{"quizId": "quiz1", "sessionId": "\#(id)"}"#)
                try await eventually { try await host.ask("quiz:create_session", create).isOK }
                #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).code == "unavailable")
                #expect(try await host.ask("quiz:end", JSON(stringLiteral: #"{"sessionId": "\#(id)"}"#)).isOK)
                classroom.clock.advance(by: 60_000)
            }
        }
    }

    @Test("a quiz for which there is no memory is not read: at a creation, at a start, and for somebody who looks at a session that waits")
    func unreadQuizzes() async throws {
        let store = StoreDouble()
        try await ClassroomBench(store: store) { $0.maximumPlayedQuizBytesPerOwner = ClassroomBench.quiz.memoryBytes }.run { classroom in
            let host = try await classroom.host("a")
            #expect(store.quizReads == 1)
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).code == "unavailable")
            try await store.createSession(SessionRecord(id: "b", quizID: "quiz1", createdBy: ClassroomBench.instructor.id, createdAt: 1))
            let student = try await classroom.student(0)
            #expect(try await student.ask("quiz:observe", #"{"sessionId": "b"}"#).code == "unavailable")
            var longer = ClassroomBench.quiz
            longer.questions[0].question += String(repeating: "?", count: 1_000)
            try await store.save(longer)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "a"}"#).code == "unavailable")
            #expect(store.quizReads == 1)
            // Nothing was kept of what was refused.
            try await store.save(ClassroomBench.quiz)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "a"}"#).isOK)
            #expect(store.quizReads == 2)
        }
    }

    @Test("an edit that makes a waiting quiz too large is refused at the start, and the session plays what fits")
    func editedQuizBytes() async throws {
        var longer = ClassroomBench.quiz
        longer.questions[0].question += String(repeating: "?", count: 1_000)
        let bench = ClassroomBench { [longer] in $0.maximumPlayedQuizBytesPerOwner = longer.memoryBytes - 1 }
        try await bench.run { [longer] classroom in
            let host = try await classroom.host()
            try await classroom.store.save(longer)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "unavailable")
            try await classroom.store.save(ClassroomBench.quiz)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).isOK)
        }
    }

    @Test("room that was made for a longer quiz is given back if the quiz is gone when it is read")
    func unusedQuizBytes() async throws {
        var longer = ClassroomBench.quiz
        longer.questions[0].question += String(repeating: "?", count: 1_000)
        let store = StoreDouble()
        let bytes = longer.memoryBytes + ClassroomBench.quiz.memoryBytes - 1
        try await ClassroomBench(store: store) { $0.maximumPlayedQuizBytesPerOwner = bytes }.run { [longer] classroom in
            let host = try await classroom.host("a")
            var second = ClassroomBench.quiz
            second.id = "quiz2"
            try await store.save(second)
            try await store.save(longer)
            store.hideQuizzes(true)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "a"}"#).isOK)
            store.hideQuizzes(false)
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz2", "sessionId": "b"}"#).isOK)
        }
    }

    @Test("a refusal for want of memory does not tell how long a quiz is that has become another's meanwhile")
    func othersQuizBytes() async throws {
        var others = ClassroomBench.quiz
        others.createdBy = "other"
        others.questions[0].question += String(repeating: "?", count: 1_000)
        let store = StoreDouble()
        let bench = ClassroomBench(store: store) { $0.maximumPlayedQuizBytesPerOwner = ClassroomBench.quiz.memoryBytes }
        try await bench.run { [others] classroom in
            let host = try await classroom.connect("instructor_token")
            store.replaceQuiz(by: others)
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).code == "not_found")
            try await store.save(ClassroomBench.quiz)
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "a"}"#).isOK)
            store.replaceQuiz(by: others)
            // It plays the quiz that it has.
            try await classroom.start(host, "a")
            #expect(try await host.payload("quiz:question").text("question") == ClassroomBench.quiz.questions[0].question)
        }
    }

    // MARK: Ends

    @Test("guests and tokens that are over are deleted; who has a token stays, and so do names and answers in the session")
    func expiry() async throws {
        try await ClassroomBench { $0.guestTokenLifetimeMs = 1_000 }.run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try #require(try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "s"}"#).text("joinCode"))
            let before = try await classroom.store.countUsers()
            let guest = try await classroom.connect()
            #expect(try await guest.ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Gus"}"#).isOK)
            #expect(try await classroom.store.countUsers() == before + 1)
            classroom.clock.advance(by: 600_000)
            try await eventually { try await classroom.store.countUsers() == before }
            #expect(try await classroom.store.participants(sessionID: "s").map(\.username) == ["Gus"])
        }
    }
}
