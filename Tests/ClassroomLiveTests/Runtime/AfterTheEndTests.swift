import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("After a session's end")
struct AfterTheEndTests {
    @Test("an answer is too late, and told so in the same words before and after the session has left memory")
    func lateAnswer() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            #expect(try await host.ask("quiz:end", #"{"sessionId": "test_session_1"}"#).isOK)
            let late = #"{"questionId": "q1", "answer": 1}"# as JSON
            let soon = try await player.ask("quiz:answer", late)
            classroom.clock.advance(by: 1_000)
            _ = try await player.board { $0.final }
            try await eventually { classroom.runtime.snapshot().players == 0 }
            let later = try await player.ask("quiz:answer", late)
            for refused in [soon, later] {
                #expect(refused.code == "closed")
                #expect(refused["error"]?.text("message") == "The session has ended")
            }
        }
    }

    @Test("a session is loaded for those who may look into it; strangers are refused before anything of it is read")
    func strangers() async throws {
        let store = StoreDouble()
        for (id, status) in [("over", SessionStatus.ended), ("open", .waiting)] {
            try await store.createSession(
                SessionRecord(id: id, quizID: "quiz1", status: status, createdBy: ClassroomBench.instructor.id, createdAt: 1))
        }
        #expect(try await store.save(ParticipantRecord(sessionID: "over", userID: "user1", username: "One", joinedAt: 2)))
        #expect(try await store.save(ParticipantRecord(sessionID: "over", userID: "user2", username: "Two", joinedAt: 2, kicked: true)))
        try await ClassroomBench(store: store).run { classroom in
            let over = #"{"sessionId": "over"}"# as JSON
            let open = #"{"sessionId": "open"}"# as JSON
            let stranger = try await classroom.student(0)
            let removed = try await classroom.student(2)
            let other = try await classroom.connect("other_token")
            for event in ["quiz:join", "quiz:observe"] {
                let refused = try await stranger.ask(event, over)
                #expect(refused.code == "closed")
                #expect(refused["error"]?.text("message") == "The session has ended")
                #expect(try await removed.ask(event, over).code == "forbidden")
            }
            let answer = #"{"sessionId": "over", "questionId": "q1", "answer": 1}"# as JSON
            for client in [stranger, removed] { #expect(try await client.ask("quiz:answer", answer).code == "forbidden") }
            for session in [over, open] {
                for event in ["quiz:start", "quiz:end"] { #expect(try await other.ask(event, session).code == "forbidden") }
            }
            for (userID, sessionID) in [("user0", "over"), ("user2", "over"), ("user0", "open")] {
                await #expect(throws: ClassroomError.self) {
                    try await classroom.runtime.leaderboardDocument(sessionID: sessionID, for: User(id: userID, username: userID))
                }
            }
            #expect(try await stranger.ask("quiz:join", #"{"sessionId": "nowhere"}"#).code == "not_found")
            #expect(store.quizReads == 0 && store.answerReads == 0)
            #expect(try await classroom.student(1).ask("quiz:join", over).isOK)
            #expect(try await stranger.ask("quiz:observe", open).isOK)
            #expect(store.quizReads == 2 && store.answerReads == 2)
        }
    }

    /// The row of docs/PERMISSIONS.md about ended sessions, and the board's.
    @Test("who may see a session that has ended does not depend on whether it is in memory", arguments: [false, true])
    func inMemoryOrNot(isInMemory: Bool) async throws {
        let store = StoreDouble()
        try await store.createSession(
            SessionRecord(id: "over", quizID: "quiz1", status: .ended, createdBy: ClassroomBench.instructor.id, createdAt: 1))
        #expect(try await store.save(ParticipantRecord(sessionID: "over", userID: "user1", username: "One", joinedAt: 2)))
        #expect(try await store.save(ParticipantRecord(sessionID: "over", userID: "user2", username: "Two", joinedAt: 2, kicked: true)))
        try await ClassroomBench(store: store).run { classroom in
            let over = #"{"sessionId": "over"}"# as JSON
            let host = try await classroom.connect("instructor_token")
            // It stays in memory while its host sits in it.
            if isInMemory { #expect(try await host.ask("quiz:observe", over).text("role") == "host") }
            let reads = store.answerReads
            #expect(reads == (isInMemory ? 1 : 0))
            let refusals: [(token: String?, code: String)] = [
                (nil, "unauthenticated"), ("student0_token", "closed"), ("other_token", "closed"), ("student2_token", "forbidden"),
            ]
            for (token, code) in refusals {
                let client = try await classroom.connect(token)
                #expect(try await client.ask("quiz:observe", over).code == code)
                if token != nil { #expect(try await client.ask("quiz:join", over).code == code) }
            }
            for user in [
                User(id: "user0", username: "Zero"), User(id: "user2", username: "Two"),
                User(id: "other", username: "Other", role: .instructor),
            ] {
                await #expect(throws: LiveQuizService.boardRefused) {
                    try await classroom.runtime.leaderboardDocument(sessionID: "over", for: user)
                }
            }
            #expect(store.answerReads == reads)
            let player = try await classroom.student(1)
            #expect(try await player.ask("quiz:observe", over).text("role") == "observer")
            _ = try await classroom.runtime.leaderboardDocument(sessionID: "over", for: User(id: "user1", username: "One"))
            #expect(try await host.ask("quiz:observe", over).text("role") == "host")
            #expect(store.answerReads == 1)
        }
    }
}
