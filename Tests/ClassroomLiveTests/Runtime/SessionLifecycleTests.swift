import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

/// The source document's integration tests, under their names, and what the contract adds to a session's life.
@Suite("Quiz Session Flow")
struct SessionLifecycleTests {
    @Test("should handle complete quiz session lifecycle")
    func lifecycle() async throws {
        try await ClassroomBench().run { classroom in
            let instructor = try await classroom.connect()
            let students = [try await classroom.connect(), try await classroom.connect()]
            _ = try await instructor.send("auth", #"{"token": "instructor_token"}"#, answer: "auth:success")
            for (index, student) in students.enumerated() {
                _ = try await student.send("auth", #"{"token": "student\#(index)_token"}"#, answer: "auth:success")
            }
            let created = try await instructor.send(
                "quiz:create_session", #"{"quizId": "quiz1", "sessionId": "test_session_1"}"#, answer: "quiz:session:created")
            #expect(created.text("sessionId") == "test_session_1")
            #expect(created.text("status") == "waiting")
            #expect(created.text("joinCode")?.count == 6)
            for student in students {
                let joined = try await student.send("quiz:join", #"{"sessionId": "test_session_1"}"#, answer: "quiz:joined")
                #expect(joined.number("questionCount") == 2)
            }
            try await instructor.emit("quiz:start", #"{"sessionId": "test_session_1"}"# as JSON)
            for client in students + [instructor] {
                #expect(try await client.payload("quiz:started").number("startsInMs") == 1_000)
            }
            classroom.clock.advance(by: 1_000)
            for student in students {
                let question = try await student.payload("quiz:question")
                #expect(question.number("questionNumber") == 1)
                #expect(question.text("question") == "What is 2 + 2?")
                #expect(question["options"]?.elements.compactMap(\.string) == ["3", "4", "5", "6"])
                #expect(question.number("durationMs") == 30_000)
                #expect(question["correctAnswer"] == nil)
            }
            for (index, student) in students.enumerated() {
                try await student.emit(
                    "quiz:answer", #"{"sessionId": "test_session_1", "questionId": "q1", "answer": \#(1 - index)}"# as JSON)
            }
            #expect(try await students[0].payload("quiz:answer:result")["correct"]?.bool == true)
            #expect(try await students[1].payload("quiz:answer:result")["correct"]?.bool == false)
            classroom.clock.advance(by: 500)
            for client in students + [instructor] {
                let board = try await client.board { $0.entries.first?.score != 0 }
                #expect(board.entries.map(\.username) == ["student0", "student1"])
                #expect(board.entries.map(\.rank) == [1, 2])
                #expect(!board.final)
            }
            #expect(try await classroom.store.answers(sessionID: "test_session_1").count == 2)
        }
    }

    @Test("should handle concurrent answer submissions correctly")
    func concurrentAnswers() async throws {
        try await ClassroomBench().run(students: 20) { classroom in
            let host = try await classroom.host("test_concurrent_session")
            var players: [TestClient] = []
            for index in 0..<20 { players.append(try await classroom.player(index, "test_concurrent_session")) }
            try await classroom.start(host, "test_concurrent_session")
            for player in players { _ = try await player.payload("quiz:question") }
            try await withThrowingTaskGroup { group in
                for (index, player) in players.enumerated() {
                    group.addTask {
                        _ = try await player.send(
                            "quiz:answer",
                            #"{"sessionId": "test_concurrent_session", "questionId": "q1", "answer": \#(index % 4)}"#,
                            answer: "quiz:answer:result")
                    }
                }
                try await group.waitForAll()
            }
            let answers = try await classroom.store.answers(sessionID: "test_concurrent_session")
            #expect(answers.count == 20)
            let board = try await classroom.runtime.leaderboard(sessionID: "test_concurrent_session")
            #expect(board.entries.count == 20)
            for entry in board.entries {
                #expect(entry.score == answers.filter { $0.userID == entry.userId }.reduce(0) { $0 + $1.points })
            }
            // A burst is counted in few boards.
            classroom.clock.advance(by: 1_000)
            _ = try await players[0].board { $0.entries.reduce(0) { $0 + $1.correctAnswers } == 5 }
            #expect(players[0].unread.count { $0.name == "quiz:leaderboard" } <= 10)
        }
    }

    @Test("a game is played to its end: reveal, own rank, last board, and the session leaves memory")
    func wholeGame() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let observer = try await classroom.connect("other_token")
            let observing = try await observer.ask("quiz:observe", #"{"sessionId": "test_session_1"}"#)
            #expect(observing.text("role") == "observer")
            let ann = try await classroom.player(0)
            let ben = try await classroom.player(1)
            try await classroom.start(host)
            for client in [ann, ben, observer, host] { _ = try await client.payload("quiz:question") }
            _ = try await ann.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            let watched = try await observer.ask("quiz:answer", #"{"sessionId": "test_session_1", "questionId": "q1", "answer": 1}"#)
            #expect(watched.code == "forbidden")
            // Nobody but the one who answered knows anything before the close.
            #expect(!observer.unread.contains { "\($0.arguments.first)".contains("correct\"") })
            // The question closes itself.
            classroom.clock.advance(by: 30_001)
            classroom.clock.settle()
            let closed = try await ann.payload("quiz:question:closed")
            #expect(closed.number("correctAnswer") == 1)
            #expect(closed["distribution"]?.elements.compactMap(\.int) == [0, 1, 0, 0])
            #expect(closed["you"]?.number("rank") == 1)
            #expect(try await ben.payload("quiz:question:closed")["you"]?.number("rank") == 2)
            #expect(try await observer.payload("quiz:question:closed")["you"] == nil)
            #expect(try await ben.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).code == "closed")
            let next = try await host.ask("quiz:next", #"{"sessionId": "test_session_1"}"#)
            #expect(next.number("questionNumber") == 2)
            #expect(try await ben.payload("quiz:question").text("questionId") == "q2")
            #expect(try await ben.ask("quiz:close", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            for event in ["quiz:end", "quiz:next", "quiz:close", "quiz:start"] { #expect(try await host.ask(event).code == "invalid") }
            _ = try await ann.ask("quiz:answer", #"{"questionId": "q2", "answer": 2}"#)
            classroom.clock.advance(by: 30)
            #expect(try await host.ask("quiz:end", #"{"sessionId": "test_session_1"}"#).isOK)
            #expect(try await ann.payload("quiz:ended").text("status") == "ended")
            classroom.clock.advance(by: 500)
            // No board from before the end comes after it.
            let last = try await ben.board { $0.final }
            let afterwards = ben.unread.drop { $0.name != "quiz:ended" }.map(\.name)
            #expect(afterwards.first == "quiz:ended")
            #expect(!afterwards.contains("quiz:leaderboard"))
            #expect(last.entries.map(\.userId) == ["user0", "user1"])
            #expect(try await classroom.store.session(id: "test_session_1")?.status == .ended)
            try await eventually { classroom.runtime.snapshot().activeSessions == 0 }
            #expect(try await ann.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            // The board can still be read, and an answer's retry still gets its result.
            #expect(try await classroom.runtime.leaderboard(sessionID: "test_session_1").summary.final)
            let retry = try await ann.ask("quiz:answer", #"{"sessionId": "test_session_1", "questionId": "q1", "answer": 3}"#)
            #expect(retry["duplicate"]?.bool == true)
            #expect(retry["correct"]?.bool == true)
        }
    }

    @Test("a second answer gets the first result, unchanged but for duplicate: true, from any of the user's sockets")
    func duplicates() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let phone = try await classroom.player(0)
            let laptop = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await phone.payload("quiz:question")
            let first = try await phone.ask("quiz:answer", #"{"questionId": "q1", "answer": 1, "timeSpent": "2.5"}"#)
            let second = try await laptop.ask("quiz:answer", #"{"questionId": "q1", "answer": 0}"#)
            #expect(first["duplicate"] == nil)
            #expect(second["duplicate"]?.bool == true)
            #expect(second.number("score") == first.number("score"))
            #expect(second.number("totalScore") == first.number("totalScore"))
            #expect(try await classroom.store.answers(sessionID: "test_session_1").map(\.answer) == [.index(1)])
        }
    }

    @Test("a socket must have joined to give an answer")
    func membership() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            _ = try await classroom.player(0)
            let elsewhere = try await classroom.student(0)
            let stranger = try await classroom.student(1)
            try await classroom.start(host)
            _ = try await host.payload("quiz:question")
            for client in [elsewhere, stranger] {
                let answer = try await client.ask("quiz:answer", #"{"sessionId": "test_session_1", "questionId": "q1", "answer": 1}"#)
                #expect(answer.code == "forbidden")
            }
            #expect(try await classroom.store.answers(sessionID: "test_session_1").isEmpty)
        }
    }

    @Test("a self-paced player gets the next question after each answer, behind its result")
    func selfPaced() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host(settings: #"{"pace": "self"}"#)
            let player = try await classroom.player(0)
            try await classroom.start(host)
            #expect(try await player.payload("quiz:question").text("questionId") == "q1")
            try await player.emit("quiz:answer", #"{"questionId": "q1", "answer": "1"}"# as JSON)
            let names = Set(["quiz:answer:result", "quiz:question"])
            let first = try await player.next { names.contains($0.name) }
            let second = try await player.next { names.contains($0.name) }
            #expect([first.name, second.name] == ["quiz:answer:result", "quiz:question"])
            #expect(second.arguments.first.text("questionId") == "q2")
            // Any question may be answered once, whichever was sent.
            let late = try await classroom.player(1)
            #expect(try await late.ask("quiz:answer", #"{"questionId": "q2", "answer": 2}"#)["correct"]?.bool == true)
        }
    }

    @Test("the host who comes back is the host again and learns the progress")
    func hostReturns() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            _ = try await classroom.player(1)
            try await classroom.start(host)
            await host.drop()
            _ = try await player.payload("quiz:question")
            let again = try await classroom.connect("instructor_token")
            let observing = try await again.ask("quiz:observe", #"{"sessionId": "test_session_1"}"#)
            #expect(observing.text("role") == "host")
            #expect(observing["question"]?.text("questionId") == "q1")
            #expect(observing.text("joinCode")?.count == 6)
            _ = try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            classroom.clock.advance(by: 500)
            let progress = try await again.next { $0.name == "quiz:progress" && $0.arguments.first.number("answered") == 1 }
            #expect(progress.arguments.first.number("players") == 2)
            #expect(!player.unread.contains { $0.name == "quiz:progress" })
        }
    }
}
