import Classroom
import ClassroomStore
import Logging
import SocketIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import ClassroomLive

/// The events' half of docs/PERMISSIONS.md.
@Suite("Who may send which event")
struct PermissionTableTests {
    enum Role: String, CaseIterable, Sendable { case anonymous, guest, student, otherInstructor, owner, revoked }

    /// What comes of an event: nil is success, else the error's code. `conflict`, `closed` and `not_found` are told to those who may.
    struct Row: Sendable, CustomTestStringConvertible {
        let event: String
        let payload: String
        let outcomes: [Role: String?]

        var testDescription: String { "\(event) \(payload)" }

        init(
            _ event: String, _ payload: String, anonymous: String? = "unauthenticated", guest: String?, student: String?,
            otherInstructor: String?, owner: String?
        ) {
            self.event = event
            self.payload = payload
            // Who was signed in by a token that holds no longer is nobody.
            outcomes = [
                .anonymous: anonymous, .guest: guest, .student: student, .otherInstructor: otherInstructor, .owner: owner,
                .revoked: anonymous,
            ]
        }

        /// For those who host the session alone.
        static func host(_ event: String, _ payload: String = #"{"sessionId": "s"}"#, owner: String?) -> Row {
            Row(event, payload, guest: "forbidden", student: "forbidden", otherInstructor: "forbidden", owner: owner)
        }

        /// For everybody who signed in.
        static func signedIn(_ event: String, _ payload: String) -> Row {
            Row(event, payload, guest: nil, student: nil, otherInstructor: nil, owner: nil)
        }

        /// For everybody.
        static func anybody(_ event: String) -> Row {
            Row(event, "{}", anonymous: nil, guest: nil, student: nil, otherInstructor: nil, owner: nil)
        }
    }

    static let rows: [Row] = [
        Row(
            "auth", #"{"token": "wrong"}"#, guest: "unauthenticated", student: "unauthenticated", otherInstructor: "unauthenticated",
            owner: "unauthenticated"),
        Row(
            "quiz:create_session", #"{"quizId": "quiz1"}"#, guest: "forbidden", student: "forbidden", otherInstructor: "forbidden",
            owner: nil),
        Row("quiz:create_session", #"{"quizId": "free"}"#, guest: "forbidden", student: "forbidden", otherInstructor: nil, owner: nil),
        Row("quiz:create_session", #"{"quizId": "shared"}"#, guest: "forbidden", student: "forbidden", otherInstructor: nil, owner: nil),
        Row("quiz:join", #"{"sessionId": "s"}"#, guest: nil, student: nil, otherInstructor: nil, owner: "forbidden"),
        .signedIn("quiz:observe", #"{"sessionId": "s"}"#),
        .host("quiz:start", owner: nil),
        .host("quiz:next", owner: "conflict"),
        .host("quiz:close", owner: "conflict"),
        .host("quiz:end", owner: nil),
        .host("quiz:lock", #"{"sessionId": "s", "locked": true}"#, owner: nil),
        .host("quiz:kick", #"{"sessionId": "s", "userId": "nobody"}"#, owner: "not_found"),
        Row(
            "quiz:answer", #"{"sessionId": "s", "questionId": "q1", "answer": 1}"#, guest: "closed", student: "closed",
            otherInstructor: "forbidden", owner: "forbidden"),
        .anybody("quiz:leave"),
        .signedIn("chat:join", #"{"roomId": "r"}"#),
        Row(
            "chat:message", #"{"roomId": "r", "content": "hello"}"#, guest: "forbidden", student: "forbidden",
            otherInstructor: "forbidden", owner: "forbidden"),
        .anybody("chat:leave"),
        .signedIn("dashboard:subscribe", "{}"),
        .anybody("dashboard:unsubscribe"),
    ]

    @Test("every event treats every role as the table says", arguments: rows, Role.allCases)
    func table(row: Row, role: Role) async throws {
        try await ClassroomBench().run { classroom in
            for (id, owner) in [("free", ""), ("shared", Quiz.sharedOwner)] {
                try await classroom.store.save(Quiz(id: id, title: id, questions: ClassroomBench.quiz.questions, createdBy: owner))
            }
            let host = try await classroom.connect("instructor_token")
            let created = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "s"}"#)
            let client = try await client(role, classroom, code: try #require(created.text("joinCode")))
            let answer = try await client.ask(row.event, JSON(stringLiteral: row.payload))
            #expect(answer.code == row.outcomes[role] ?? "none", "\(answer)")
            if row.outcomes[role] == .some(nil) { #expect(answer.isOK) }
        }
    }

    /// Every event has its row: one that is added without a word about who may send it fails here.
    @Test("the table has every event of the server")
    func complete() {
        var table = RequestTable()
        let pipeline = RequestPipeline(
            authentication: AuthenticationDouble([:]), configuration: .init(), clock: ManualClassroomClock(),
            logger: .init(label: "test"))
        let configuration = RuntimeConfiguration()
        AuthHandler(pipeline: pipeline).register(in: &table)
        QuizHandler(pipeline: pipeline, service: QuizServiceDouble()).register(in: &table)
        ChatHandler(pipeline: pipeline, store: MemoryStore(), io: .init()).register(in: &table)
        DashboardHandler(
            pipeline: pipeline,
            broadcaster: DashboardBroadcaster(
                clock: ManualClassroomClock(), configuration: configuration, sample: { RuntimeSnapshot() }, countSessions: { [:] })
        ).register(in: &table)
        #expect(Set(table.routes.keys) == Set(Self.rows.map(\.event)))
        // A handler whose event the schema lacks would get a payload without fields.
        #expect(Set(table.routes.keys) == Set(MessageRules.events))
    }

    /// Somebody of that role. Guests and students have joined the session.
    private func client(_ role: Role, _ classroom: ClassroomBench.Classroom, code: String) async throws -> TestClient {
        switch role {
        case .anonymous: return try await classroom.connect()
        case .guest:
            let guest = try await classroom.connect()
            #expect(try await guest.ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Gus"}"#).isOK)
            return guest
        case .student: return try await classroom.player(0, "s")
        case .otherInstructor: return try await classroom.connect("other_token")
        case .owner: return try await classroom.connect("instructor_token")
        case .revoked:
            let client = try await classroom.connect("student3_token")
            _ = try await classroom.store.revokeToken(hash: TokenHash.sha256Hex("student3_token"))
            classroom.clock.advance(by: 5_000)
            _ = try await client.payload("auth:error")
            return client
        }
    }
}
