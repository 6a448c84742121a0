import Classroom
import ClassroomStore
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Hosting")
struct HostingTests {
    private let store = MemoryStore()

    @Test("the socket that starts a session gets its events, even if it did not create the session")
    func commandsSeat() async throws {
        try await ClassroomBench(store: store).run { classroom in
            try await classroom.store.createSession(SessionRecord(id: "s", quizID: "quiz1", createdBy: "instructor1"))
            let host = try await classroom.connect("instructor_token")
            try await host.emit("quiz:start", #"{"sessionId": "s"}"# as JSON)
            #expect(try await host.payload("quiz:started").text("sessionId") == "s")
            classroom.clock.advance(by: 1_000)
            #expect(try await host.payload("quiz:question").text("questionId") == "q1")
            let second = try await classroom.connect("instructor_token")
            try await second.emit("quiz:next", #"{"sessionId": "s"}"# as JSON)
            for client in [host, second] {
                let next = try await client.next { $0.arguments.first.text("questionId") == "q2" }
                #expect(next.name == "quiz:question")
            }
            // Both are the host's sockets: they learn the progress.
            let player = try await classroom.player(0, "s")
            _ = try await player.ask("quiz:answer", #"{"questionId": "q2", "answer": 2}"#)
            classroom.clock.advance(by: 500)
            for client in [host, second] { _ = try await client.payload("quiz:progress") }
        }
    }

    @Test("a command that is refused seats nobody")
    func refusedCommands() async throws {
        try await ClassroomBench(store: store).run { classroom in
            try await classroom.store.createSession(SessionRecord(id: "s", quizID: "quiz1", createdBy: "instructor1"))
            let other = try await classroom.connect("other_token")
            #expect(try await other.ask("quiz:start", #"{"sessionId": "s"}"#).code == "forbidden")
            let host = try await classroom.connect("instructor_token")
            #expect(try await host.ask("quiz:next", #"{"sessionId": "s"}"#).code == "conflict")
            let starter = try await classroom.connect("instructor_token")
            #expect(try await starter.ask("quiz:start", #"{"sessionId": "s"}"#).isOK)
            for client in [other, host] {
                _ = try await client.ask("chat:leave")
                #expect(!client.unread.contains { $0.name == "quiz:started" })
            }
        }
    }

    @Test("a socket that watches and plays gets a close and the end once, with the player's rank")
    func watchingPlayer() async throws {
        try await ClassroomBench(store: store).run { classroom in
            try await classroom.add(User(id: "both", username: "Both", role: .instructor), token: "both_token")
            let both = try await classroom.connect("both_token")
            try await classroom.store.save(Quiz(id: "anyone", title: "Anyone's", questions: ClassroomBench.quiz.questions, createdBy: ""))
            #expect(try await both.ask("quiz:create_session", #"{"quizId": "anyone", "sessionId": "s"}"#).isOK)
            #expect(try await both.ask("quiz:join", #"{"sessionId": "s"}"#).isOK)
            let projector = try await classroom.connect("both_token")
            #expect(try await projector.ask("quiz:observe", #"{"sessionId": "s"}"#).isOK)
            try await classroom.start(both, "s")
            _ = try await both.payload("quiz:question")
            #expect(try await both.ask("quiz:close", #"{"sessionId": "s"}"#).isOK)
            #expect(try await both.ask("quiz:end", #"{"sessionId": "s"}"#).isOK)
            for event in ["quiz:question:closed", "quiz:ended"] {
                #expect(try await both.payload(event)["you"] != nil)
                #expect(try await projector.payload(event)["you"] == nil)
            }
            for client in [both, projector] {
                _ = try await client.ask("chat:leave")
                #expect(!client.unread.contains { $0.name == "quiz:question:closed" || $0.name == "quiz:ended" })
            }
        }
    }

    @Test("a command that names the question it was meant for does not act on another")
    func place() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.host("s")
            try await classroom.start(host, "s")
            #expect(try await host.ask("quiz:next", #"{"sessionId": "s", "questionId": "q1"}"#).text("questionId") == "q2")
            for event in ["quiz:next", "quiz:close", "quiz:end"] {
                #expect(try await host.ask(event, #"{"sessionId": "s", "questionId": "q1"}"#).code == "conflict")
            }
            #expect(try await host.ask("quiz:kick", #"{"sessionId": "s", "questionId": "q1", "userId": "x"}"#).code == "conflict")
            #expect(try await host.ask("quiz:close", #"{"sessionId": "s", "questionId": "q2"}"#).isOK)
        }
    }

    @Test("a locked session lets nobody new in, and who was removed does not come back from the same browser")
    func admission() async throws {
        try await ClassroomBench(store: store).run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "s"}"#).text("joinCode") ?? ""
            func join(_ name: String, _ device: String) async throws -> (TestClient, JSONSlice) {
                let guest = try await classroom.connect()
                return (
                    guest, try await guest.ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "\#(name)", "deviceId": "\#(device)"}"#)
                )
            }
            let (_, ann) = try await join("Ann", "d1")
            let userID = ann["you"]?.text("userId") ?? ""
            #expect(try await host.ask("quiz:kick", #"{"sessionId": "s", "userId": "\#(userID)"}"#).isOK)
            #expect(try await join("Somebody", "d1").1.code == "forbidden")
            let (_, ben) = try await join("Ben", "d2")
            let token = ben["you"]?.text("token") ?? ""
            let locked = try await host.ask("quiz:lock", #"{"sessionId": "s", "locked": true}"#)
            #expect(locked["locked"]?.bool == true)
            #expect(try await host.payload("quiz:locked").text("sessionId") == "s")
            #expect(try await join("Cyd", "d3").1.code == "closed")
            #expect(try await (try await classroom.connect()).ask("quiz:join", #"{"sessionId": "s", "token": "\#(token)"}"#).isOK)
            #expect(try await host.ask("quiz:lock", #"{"sessionId": "s"}"#).code == "invalid")
            #expect(try await host.ask("quiz:lock", #"{"sessionId": "s", "locked": false}"#).isOK)
            #expect(try await join("Cyd", "d3").1.isOK)
        }
    }

    @Test("an edit while a session is played changes neither what it plays nor what it goes on with after a restart")
    func kept() async throws {
        let bench = ClassroomBench(store: store)
        try await bench.run { classroom in
            let host = try await classroom.host("s")
            try await classroom.start(host, "s")
        }
        let other = [Question(id: "q1", question: "Italy?", options: ["a", "b"], correctAnswer: .index(0))]
        try await store.save(Quiz(id: "quiz1", title: "Italy", questions: other, createdBy: "instructor1"))
        #expect(try await store.playedQuiz(sessionID: "s") == ClassroomBench.quiz)
        try await bench.restart { classroom in
            let host = try await classroom.connect("instructor_token")
            let snapshot = try await host.ask("quiz:observe", #"{"sessionId": "s"}"#)
            #expect(snapshot.text("title") == "Integration Test Quiz")
            #expect(snapshot.number("questionCount") == 2)
        }
    }

    @Test("a session whose row names no owner is hosted by whoever manages quizzes")
    func noOwner() async throws {
        try await ClassroomBench(store: store).run { classroom in
            try await classroom.store.createSession(SessionRecord(id: "s", quizID: "quiz1", createdBy: ""))
            let host = try await classroom.connect("other_token")
            #expect(try await host.ask("quiz:observe", #"{"sessionId": "s"}"#).text("role") == "host")
            let student = try await classroom.student(1)
            #expect(try await student.ask("quiz:observe", #"{"sessionId": "s"}"#).text("role") == "observer")
            let player = try await classroom.player(0, "s")
            try await classroom.start(host, "s")
            _ = try await player.payload("quiz:question")
            _ = try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            classroom.clock.advance(by: 500)
            #expect(try await host.payload("quiz:progress").number("players") == 1)
        }
    }
}
