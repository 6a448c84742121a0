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

    /// What `body` finds in the one socket that the token signed in.
    private func look<Value: Sendable>(
        _ handler: QuizHandler, _ token: String, _ body: @escaping @Sendable (ClientState) -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            handler.pipeline.tokens.forEachHolder(of: token) { continuation.resume(returning: body($0)) }
        }
    }

    @Test("a request looks at none of those that wait before it")
    func waitingRequests() async throws {
        let answers = Gate()
        let io = SocketIO()
        let handler = QuizHandler(
            io: io, quizService: QuizServiceDouble(joined: .success(Self.snapshot), answers: answers),
            authenticationService: AuthenticationDouble(["t": Self.ann]), clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect()
            let join = #"{"sessionId": "s", "token": "t"}"# as JSON
            #expect(try await client.ask("quiz:join", join).isOK)
            try await client.emit("quiz:answer", #"{"sessionId": "s", "questionId": "q1", "answer": 0}"# as JSON)
            await answers.reached()
            let before = await look(handler, "t") { $0.queue.walks }
            for _ in 0..<20 { try await client.emit("quiz:join", join) }
            // Refused at once, so what came before it has arrived.
            #expect(try await client.ask("quiz:nonsense").code == "not_found")
            let (count, walks) = await look(handler, "t") { ($0.queue.count, $0.queue.walks) }
            #expect(count == 21)
            #expect(walks == before)
            answers.open()
            for _ in 0..<20 { _ = try await client.payload("quiz:joined") }
        }
    }

    @Test("behind a waiting request of another user nobody is charged, and the count of such requests goes down again")
    func waitingChange() async throws {
        let answers = Gate()
        let users = ["t": Self.ann, "other": User(id: "ben", username: "Ben")]
        let io = SocketIO()
        let handler = QuizHandler(
            io: io, quizService: QuizServiceDouble(joined: .success(Self.snapshot), answers: answers),
            authenticationService: AuthenticationDouble(users), clock: ManualClassroomClock())
        try await withTestServer(inProcess: io) { server in
            let client = try await server.connect()
            #expect(try await client.ask("quiz:join", #"{"sessionId": "s", "token": "t"}"#).isOK)
            let answer = #"{"sessionId": "s", "questionId": "q1", "answer": 0"#
            // As many as Ann may give; the first of them is under way.
            for _ in 0..<9 { try await client.emit("quiz:answer", "\(answer)}" as JSON) }
            await answers.reached()
            try await client.emit("quiz:answer", "\(answer), \"token\": \"other\"}" as JSON)
            try await client.emit("quiz:answer", "\(answer)}" as JSON)
            #expect(try await client.ask("quiz:nonsense").code == "not_found")
            #expect(client.unread.count { $0.name == "quiz:error" } == 1)
            let waiting = await look(handler, "t") { $0.waitingChanges }
            #expect(waiting == 1)
            answers.open()
            for _ in 0..<11 { _ = try await client.payload("quiz:answer:result") }
            let left = await look(handler, "other") { $0.waitingChanges }
            #expect(left == 0)
        }
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
