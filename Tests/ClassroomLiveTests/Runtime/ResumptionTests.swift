import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Sessions and their rows")
struct ResumptionTests {
    private let store = MemoryStore()

    @Test("a server that starts again goes on in the middle of a question: deadline, score, answers")
    func restart() async throws {
        let clock = ManualClassroomClock()
        var deadline = 0
        try await ClassroomBench(store: store, clock: clock).run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            _ = try await classroom.player(1)
            try await classroom.start(host)
            deadline = try await player.payload("quiz:question").number("deadline") ?? 0
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)["correct"]?.bool == true)
        }
        clock.advance(by: 5_000)
        clock.settle()
        try await ClassroomBench(store: store, clock: clock).restart { classroom in
            let player = try await classroom.student(0)
            let joined = try await player.ask("quiz:join", #"{"sessionId": "test_session_1"}"#)
            #expect(joined["question"]?.number("deadline") == deadline)
            #expect((joined["question"]?.number("remainingMs") ?? 0) <= 25_000)
            #expect((joined["you"]?.number("score") ?? 0) >= 100)
            #expect(joined["answer"]?["correct"]?.bool == true)
            let late = try await classroom.player(1)
            #expect(try await late.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).isOK)
            classroom.clock.advance(by: 25_000)
            #expect(try await late.payload("quiz:question:closed")["distribution"]?.elements.compactMap(\.int) == [0, 2, 0, 0])
        }
    }

    @Test("what fell due while the server was away happens when it starts")
    func overdue() async throws {
        let clock = ManualClassroomClock()
        try await ClassroomBench(store: store, clock: clock).run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
        }
        clock.advance(by: 60_000)
        clock.settle()
        try await ClassroomBench(store: store, clock: clock).restart { classroom in
            let player = try await classroom.student(0)
            let joined = try await player.ask("quiz:join", #"{"sessionId": "test_session_1"}"#)
            #expect(joined.text("phase") == "closed")
            #expect(joined["closed"]?.number("correctAnswer") == 1)
        }
    }

    @Test("a row that somebody wrote by hand is a session: waiting, live or self-paced", arguments: ["waiting", "live", "self"])
    func handWritten(_ kind: String) async throws {
        let bench = ClassroomBench(store: store)
        try await bench.run { classroom in
            // After the start, as somebody with a database client would.
            var settings = SessionSettings()
            if kind == "self" { settings.pace = .self }
            try await classroom.store.createSession(
                SessionRecord(
                    id: "test_concurrent_session", quizID: "quiz1", status: kind == "waiting" ? .waiting : .active,
                    createdBy: "instructor1", settings: settings))
            let player = try await classroom.player(0, "test_concurrent_session")
            if kind == "waiting" {
                let host = try await classroom.connect("instructor_token")
                try await classroom.start(host, "test_concurrent_session")
                _ = try await player.payload("quiz:question")
            }
            let result = try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            #expect(result["correct"]?.bool == true)
        }
    }

    @Test("a session that is loaded again does not play another owner's quiz that has taken the id of its own, and does not show its title")
    func othersQuiz() async throws {
        let clock = ManualClassroomClock()
        try await ClassroomBench(store: store, clock: clock).run { classroom in _ = try await classroom.host() }
        clock.settle()
        _ = try await store.deleteQuiz(id: "quiz1")
        try await store.create(Quiz(id: "quiz1", title: "Secret", questions: ClassroomBench.quiz.questions, createdBy: "other"))
        try await store.createSession(SessionRecord(id: "over", quizID: "quiz1", status: .ended, createdBy: "instructor1", createdAt: 1))
        try await ClassroomBench(store: store, clock: clock).restart { classroom in
            let host = try await classroom.connect("instructor_token")
            #expect(try await host.ask("quiz:observe", #"{"sessionId": "test_session_1"}"#).code == "not_found")
            #expect(try await host.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "not_found")
            #expect(try await classroom.store.playedQuiz(sessionID: "test_session_1") == nil)
            let over = try await host.ask("quiz:observe", #"{"sessionId": "over"}"#)
            #expect(over.isOK && over.text("title") == "")
            // The owner of the quiz plays it, and a session in memory keeps what it has.
            let other = try await classroom.connect("other_token")
            #expect(try await other.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "own"}"#).text("title") == "Secret")
        }
    }

    @Test("a session whose row vanished ends quietly, and its id may be created again at once")
    func vanished() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            #expect(try await classroom.store.deleteSession(id: "test_session_1"))
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).code == "not_found")
            #expect(try await host.ask("quiz:next", #"{"sessionId": "test_session_1"}"#).code == "not_found")
            #expect(!player.unread.contains { $0.name == "quiz:ended" })
            // The new session is another one: the old players are not in it.
            let created = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "test_session_1"}"#)
            #expect(created.isOK)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).isOK)
            #expect(try await player.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).text("phase") == "leadIn")
            #expect(player.unread.count { $0.name == "quiz:started" } == 1)
        }
    }

    @Test("an id whose row vanished unnoticed may be created again; one that exists may not")
    func conflict() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            let again = #"{"quizId": "quiz1", "sessionId": "test_session_1"}"# as JSON
            #expect(try await host.ask("quiz:create_session", again).code == "conflict")
            #expect(try await classroom.store.deleteSession(id: "test_session_1"))
            #expect(try await host.ask("quiz:create_session", again).isOK)
            #expect(classroom.runtime.snapshot().waitingSessions == 1)
            // The players of the one that vanished are not in the new one.
            #expect(classroom.runtime.snapshot().players == 0)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).isOK)
            #expect(try await player.ask("chat:leave").isOK)
            #expect(!player.unread.contains { $0.name == "quiz:started" })
        }
    }

    @Test("a player may join a session before its creator gets the answer")
    func earlyJoin() async throws {
        let gate = Gate()
        try await ClassroomBench(store: StoreDouble(created: gate)).run { classroom in
            let host = try await classroom.connect("instructor_token")
            try await host.emit("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "test_session_1"}"# as JSON)
            await gate.reached()
            let player = try await classroom.player(0)
            gate.open()
            _ = try await host.payload("quiz:session:created")
            #expect(classroom.runtime.snapshot().players == 1)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).isOK)
        }
    }

    @Test("a session without connections leaves memory, and comes back on demand")
    func idle() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host()
            #expect(classroom.runtime.snapshot().waitingSessions == 1)
            await host.disconnect()
            classroom.clock.advance(by: 30_000)
            try await eventually { classroom.runtime.snapshot().waitingSessions == 0 }
            _ = try await classroom.player(0)
            #expect(classroom.runtime.snapshot().waitingSessions == 1)
        }
    }

    @Test("sockets that go because the server stops have left nothing: the question is open when the next server starts")
    func stop() async throws {
        let clock = ManualClassroomClock()
        try await ClassroomBench(store: store, clock: clock).run { classroom in
            let host = try await classroom.host(settings: #"{"autoAdvance": true}"#)
            let players = [try await classroom.player(0), try await classroom.player(1)]
            try await classroom.start(host)
            for player in players { _ = try await player.payload("quiz:question") }
            _ = try await players[0].ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            await classroom.runtime.drain()
            await players[1].disconnect()
            try await eventually { classroom.runtime.snapshot().activeUsers == 2 }
            #expect(!players[0].unread.contains { $0.name == "quiz:question:closed" })
        }
        #expect(try await store.session(id: "test_session_1")?.phase == "open")
    }

    @Test("answers whose rows somebody deleted are given anew while the question is open")
    func deletedAnswers() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)["correct"]?.bool == true)
            // The same session's row, without what hung on it.
            let record = try #require(try await classroom.store.session(id: "test_session_1"))
            #expect(try await classroom.store.deleteSession(id: "test_session_1"))
            try await classroom.store.createSession(record)
            let again = try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 0}"#)
            #expect(again["duplicate"] == nil)
            #expect(again["correct"]?.bool == false)
            #expect(again.number("totalScore") == 0)
            #expect(try await classroom.store.answers(sessionID: "test_session_1").map(\.answer) == [.index(0)])
        }
    }

    @Test("an answer to a session whose row was replaced does not become the new session's")
    func lateAnswer() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            #expect(try await classroom.store.deleteSession(id: "test_session_1"))
            try await classroom.store.createSession(
                SessionRecord(id: "test_session_1", quizID: "quiz1", createdBy: "instructor1", createdAt: 1))
            let late = try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            #expect(late.code == "not_found")
            #expect(try await classroom.store.answers(sessionID: "test_session_1").isEmpty)
            #expect(try await classroom.store.participants(sessionID: "test_session_1").isEmpty)
        }
    }

    @Test("a session plays the questions that its quiz has when it starts")
    func editedQuiz() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            var quiz = ClassroomBench.quiz
            quiz.title = "Edited"
            quiz.questions = [Question(id: "new", question: "New?", options: ["a", "b"], correctAnswer: .index(0))]
            try await classroom.store.save(quiz)
            try await host.emit("quiz:start", #"{"sessionId": "test_session_1"}"# as JSON)
            #expect(try await player.payload("quiz:started").number("questionCount") == 1)
            classroom.clock.advance(by: 1_000)
            #expect(try await player.payload("quiz:question").text("questionId") == "new")
            #expect(try await player.ask("quiz:answer", #"{"questionId": "new", "answer": 0}"#)["correct"]?.bool == true)
            // From then on it is not changed under those who play it.
            try await classroom.store.save(ClassroomBench.quiz)
            #expect(try await host.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "conflict")
            #expect(try await host.ask("quiz:next", #"{"sessionId": "test_session_1"}"#).text("title") == "Edited")
        }
    }

    @Test("a row that somebody deleted and wrote anew is another session, with nobody in it")
    func replaced() async throws {
        try await ClassroomBench(store: store).run { classroom in
            _ = try await classroom.host()
            let player = try await classroom.player(0)
            #expect(try await classroom.store.deleteSession(id: "test_session_1"))
            try await classroom.store.createSession(
                SessionRecord(id: "test_session_1", quizID: "quiz1", status: .active, createdBy: "instructor1", createdAt: 1))
            let other = try await classroom.student(1)
            let joined = try await other.ask("quiz:join", #"{"sessionId": "test_session_1"}"#)
            #expect(joined.text("status") == "active")
            #expect(joined.number("players") == 1)
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).code == "forbidden")
            #expect(try await other.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).isOK)
        }
    }
}
