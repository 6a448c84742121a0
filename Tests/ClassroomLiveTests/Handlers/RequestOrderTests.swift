import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("The order of a socket's requests")
struct RequestOrderTests {
    static let ann = User(id: "ann", username: "Ann")

    private static let snapshot = SessionSnapshot(sessionId: "s", title: "Quiz", status: .active, phase: .open, questionCount: 1)

    @Test("requests behind a sign-in that waits are carried out in order, also when the socket has gone")
    func disconnected() async throws {
        let gate = Gate()
        let quiz = QuizServiceDouble(joined: .success(Self.snapshot))
        let io = SocketIO()
        let handler = QuizHandler(
            io: io, quizService: quiz, authenticationService: AuthenticationDouble(["t": Self.ann], gate: gate),
            clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect()
            try await client.emit("quiz:join", #"{"sessionId": "s", "token": "t"}"# as JSON)
            try await client.emit("quiz:answer", #"{"questionId": "q1", "answer": 0}"# as JSON)
            try await client.emit("quiz:leave")
            await gate.reached()
            await client.disconnect()
            #expect(quiz.calls.isEmpty)
            gate.open()
            // A join, an answer and a leave: nothing is left of the session when the socket departs.
            await handler.pipeline.workInHand.drain()
            #expect(quiz.calls == [.join("s", Self.ann), .answer("s", "q1", Self.ann, .index(0)), .leave("s")])
        }
    }

    @Test("a socket that goes leaves its sessions, after what it had asked for")
    func departure() async throws {
        let quiz = QuizServiceDouble(joined: .success(Self.snapshot))
        let io = SocketIO()
        let handler = QuizHandler(
            io: io, quizService: quiz, authenticationService: AuthenticationDouble(["t": Self.ann]), clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect()
            _ = try await client.ask("quiz:join", #"{"sessionId": "s", "token": "t"}"#)
            await client.drop()
            quiz.departed.open()
            await quiz.departed.reached()
            #expect(quiz.calls == [.join("s", Self.ann), .socketLeft("s")])
            try await eventually { handler.pipeline.presence.count == 0 }
        }
    }

    @Test("answers that wait behind a sign-in are refused by the limit as soon as it is known whose they are")
    func limitAfterSignIn() async throws {
        let signIn = Gate()
        let answers = Gate()
        let quiz = QuizServiceDouble(answers: answers)
        let io = SocketIO()
        let handler = QuizHandler(
            io: io, quizService: quiz, authenticationService: AuthenticationDouble(["t": Self.ann], gate: signIn),
            clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect()
            for index in 0..<12 {
                try await client.emit("quiz:answer", #"{"sessionId": "s", "questionId": "q\#(index)", "answer": 0, "token": "t"}"# as JSON)
            }
            signIn.open()
            for _ in 0..<3 { #expect(try await client.payload("quiz:error").text("code") == "rate_limited") }
            answers.open()
            for _ in 0..<9 { _ = try await client.payload("quiz:answer:result") }
        }
        _ = handler
    }

    @Test("a socket's waiting requests are limited")
    func queueLimit() async throws {
        let gate = Gate()
        var configuration = RuntimeConfiguration()
        configuration.maximumQueuedRequests = 4
        let io = SocketIO()
        let quiz = QuizServiceDouble(joined: .success(Self.snapshot))
        let handler = QuizHandler(
            io: io, quizService: quiz, authenticationService: AuthenticationDouble(["t": Self.ann], gate: gate),
            configuration: configuration, clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect()
            for _ in 0..<5 { try await client.emit("quiz:join", #"{"sessionId": "s", "token": "t"}"# as JSON) }
            #expect(try await client.payload("quiz:error").text("code") == "unavailable")
            gate.open()
            for _ in 0..<4 { _ = try await client.payload("quiz:joined") }
            #expect(quiz.calls.count == 4)
        }
        _ = handler
    }

    @Test("while a sign-in waits nobody is charged: the requests behind it belong to the new user")
    func limitOfTheNewUser() async throws {
        let signIn = Gate()
        let users = ["t": Self.ann, "other": User(id: "ben", username: "Ben")]
        let io = SocketIO()
        let handler = QuizHandler(
            io: io, quizService: QuizServiceDouble(),
            authenticationService: AuthenticationDouble(users, gate: signIn, gated: ["other"]), clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect()
            let answer = #"{"sessionId": "s", "questionId": "q1", "answer": 0"#
            for _ in 0..<9 { #expect(try await client.ask("quiz:answer", "\(answer), \"token\": \"t\"}").isOK) }
            try await client.emit("quiz:answer", "\(answer), \"token\": \"other\"}" as JSON)
            await signIn.reached()
            try await client.emit("quiz:answer", "\(answer)}" as JSON)
            // Refused at once, so what came before it has arrived.
            #expect(try await client.ask("quiz:nonsense").code == "not_found")
            #expect(client.unread.count { $0.name == "quiz:error" } == 1)
            signIn.open()
            for _ in 0..<11 { _ = try await client.payload("quiz:answer:result") }
        }
        _ = handler
    }
}
