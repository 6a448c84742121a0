import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("What is known is stored first")
struct CommitTests {
    private let store = StoreDouble()
    private var bench: ClassroomBench { ClassroomBench(store: store) }

    @Test("an answer is acknowledged after its commit; who gives it again meanwhile waits for the same")
    func answers() async throws {
        try await bench.run { classroom in
            let host = try await classroom.host()
            let phone = try await classroom.player(0)
            let laptop = try await classroom.player(0)
            try await classroom.start(host)
            for client in [phone, laptop] { _ = try await client.payload("quiz:question") }
            store.hold([.answer])
            let answer = #"{"questionId": "q1", "answer": 1}"# as JSON
            try await phone.emit("quiz:answer", answer)
            await store.waits(for: 1)
            try await laptop.emit("quiz:answer", answer)
            #expect(try await classroom.student(1).ask("quiz:leave").isOK)
            #expect(!phone.unread.contains { $0.name == "quiz:answer:result" })
            store.release()
            let first = try await phone.payload("quiz:answer:result")
            let second = try await laptop.payload("quiz:answer:result")
            #expect(first["duplicate"] == nil)
            #expect(second["duplicate"]?.bool == true)
            #expect(first.number("totalScore") == second.number("totalScore"))
            #expect(try await classroom.store.answers(sessionID: "test_session_1").count == 1)
        }
    }

    @Test("an answer that the store does not take is refused, and may be tried again")
    func refusedAnswer() async throws {
        try await bench.run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            store.fail([.answer])
            let refused = try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            #expect(refused.code == "unavailable")
            #expect(refused["error"]?.number("retryAfterMs") == 1_000)
            store.fail([])
            let result = try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            #expect(result["correct"]?.bool == true)
            #expect(result["duplicate"] == nil)
        }
    }

    @Test("an answer that was stored although the store failed counts on the board, also if it is never given again")
    func lostConfirmation() async throws {
        try await bench.run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            store.lose([.answer])
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).code == "unavailable")
            #expect(try await classroom.runtime.leaderboard(sessionID: "test_session_1").entries.first?.score == 0)
            // One that is over is not given up before the store has told.
            #expect(try await host.ask("quiz:end", #"{"sessionId": "test_session_1"}"#).isOK)
            let stored = try #require(try await classroom.store.answers(sessionID: "test_session_1").first)
            // In steps: the next try may be armed only after other timers have moved the clock.
            try await eventually {
                classroom.clock.advance(by: 1_000)
                return try await classroom.runtime.leaderboard(sessionID: "test_session_1").entries.first?.score == stored.points
            }
        }
    }

    @Test("a join is answered when it is stored, and a whole class shares a commit")
    func joins() async throws {
        try await bench.run { classroom in
            _ = try await classroom.host()
            store.hold([.participant])
            let players = [try await classroom.student(0), try await classroom.student(1), try await classroom.student(2)]
            for player in players { try await player.emit("quiz:join", #"{"sessionId": "test_session_1"}"# as JSON) }
            await store.waits(for: 3)
            #expect(players.allSatisfy { $0.unread.isEmpty })
            store.release()
            for player in players { #expect(try await player.payload("quiz:joined").text("status") == "waiting") }
        }
    }

    @Test("a join that the store does not take is refused, and stored when it is tried again")
    func refusedJoin() async throws {
        try await bench.run { classroom in
            _ = try await classroom.host()
            let player = try await classroom.student(0)
            store.fail([.participant])
            #expect(try await player.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).code == "unavailable")
            try await eventually { classroom.runtime.snapshot().players == 0 }
            store.fail([])
            #expect(try await player.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).isOK)
            #expect(try await classroom.store.participants(sessionID: "test_session_1").map(\.userID) == ["user0"])
        }
    }

    @Test("a question is sent when its opening is stored, and later events keep their order behind it")
    func phases() async throws {
        try await bench.run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            store.hold([.session])
            try await host.emit("quiz:start", #"{"sessionId": "test_session_1"}"# as JSON)
            await store.waits(for: 1)
            classroom.clock.advance(by: 1_000)
            await store.waits(for: 2)
            #expect(!player.unread.contains { $0.name == "quiz:started" || $0.name == "quiz:question" })
            store.release()
            let names = Set(["quiz:started", "quiz:question"])
            let first = try await player.next { names.contains($0.name) }
            let second = try await player.next { names.contains($0.name) }
            #expect([first.name, second.name] == ["quiz:started", "quiz:question"])
        }
    }

    @Test("while the store fails the game goes on, and its state is stored later")
    func outage() async throws {
        try await bench.run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            store.fail([.session])
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            #expect(try await classroom.store.session(id: "test_session_1")?.status == .waiting)
            store.fail([])
            try await eventually {
                classroom.clock.advance(by: 200)
                return try await classroom.store.session(id: "test_session_1")?.phase != nil
            }
            #expect(try await classroom.store.session(id: "test_session_1")?.status == .active)
        }
    }

    @Test("chat: a message that is not stored is sent to nobody; a leave waits for messages that are being stored")
    func chat() async throws {
        try await bench.run { classroom in
            let ann = try await classroom.student(0)
            let ben = try await classroom.student(1)
            for client in [ann, ben] { _ = try await client.ask("chat:join", #"{"roomId": "r"}"#) }
            store.fail([.chat])
            #expect(try await ann.ask("chat:message", #"{"content": "lost"}"#).code == "unavailable")
            store.fail([])
            store.hold([.chat])
            for content in ["one", "two"] { try await ann.emit("chat:message", #"{"content": "\#(content)"}"# as JSON) }
            try await ann.emit("chat:leave")
            try await ann.emit("chat:message", #"{"content": "three"}"# as JSON)
            await store.waits(for: 2)
            store.release()
            for content in ["one", "two"] { #expect(try await ben.payload("chat:message").text("content") == content) }
            _ = try await ann.payload("chat:left")
            let errors = [try await ann.payload("chat:error").text("code"), try await ann.payload("chat:error").text("code")]
            #expect(errors == ["unavailable", "forbidden"])
        }
    }

    @Test("a drain waits for what is being stored")
    func drain() async throws {
        try await bench.run { classroom in
            let ann = try await classroom.student(0)
            _ = try await ann.ask("chat:join", #"{"roomId": "r"}"#)
            store.hold([.chat])
            try await ann.emit("chat:message", #"{"content": "last words"}"# as JSON)
            await store.waits(for: 1)
            async let drained: Void = classroom.runtime.drain()
            try await eventually { classroom.runtime.pipeline.workInHand.isDraining }
            #expect(try await ann.ask("quiz:leave").code == "unavailable")
            store.release()
            await drained
            #expect(try await ann.payload("chat:message").text("content") == "last words")
        }
    }

    @Test("a player who leaves has left even if the store fails; it is stored later")
    func leaveWithoutStore() async throws {
        try await bench.run { classroom in
            _ = try await classroom.host()
            let player = try await classroom.player(0)
            store.fail([.participant])
            #expect(try await player.ask("quiz:leave", #"{"sessionId": "test_session_1"}"#).text("sessionId") == "test_session_1")
            #expect(try await player.payload("quiz:left").text("sessionId") == "test_session_1")
            try await eventually { classroom.runtime.snapshot().players == 0 }
            store.fail([])
            try await eventually {
                classroom.clock.advance(by: 1_000)
                return try await classroom.store.participants(sessionID: "test_session_1").map(\.left) == [true]
            }
        }
    }

    @Test("the first change of a session's row writes its settings, which a row written by hand may lack; later ones leave them out")
    func settings() async throws {
        try await bench.run { classroom in
            let host = try await classroom.host(settings: #"{"pace": "self", "extraTime": {"user1": 2}}"#)
            let created = try #require(try await store.session(id: "test_session_1"))
            for locked in [true, false, true] {
                let lock = #"{"sessionId": "test_session_1", "locked": \#(locked)}"#
                #expect(try await host.ask("quiz:lock", JSON(stringLiteral: lock)).isOK)
            }
            #expect(store.settingsWrites == 1)
            let changed = try #require(try await store.session(id: "test_session_1"))
            #expect(changed.isLocked && changed.settings == created.settings && created.settings.pace == .`self`)
        }
    }
}
