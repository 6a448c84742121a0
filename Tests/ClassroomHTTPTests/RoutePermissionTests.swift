import Classroom
import ClassroomStore
import ClassroomTestSupport
import HTTPTypes
import SocketIOServer
import Testing

@testable import ClassroomHTTP
@testable import ClassroomLive

/// The routes' half of docs/PERMISSIONS.md.
@Suite("Who may call which route")
struct RoutePermissionTests {
    enum Role: String, CaseIterable, Sendable {
        case anonymous, guest, student, player, otherInstructor, owner, revoked

        var token: String? {
            switch self {
            case .anonymous: nil
            case .guest: "gus"
            case .student: "sol"
            case .player: "stu"
            case .otherInstructor: "oda"
            case .owner: "ann"
            case .revoked: "revoked"
            }
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        var body = ""
        let statuses: [Role: Int]

        var testDescription: String { "\(method.rawValue) \(path)" }

        init(
            _ method: HTTPRequest.Method, _ path: String, _ body: String = "", student: Int, player: Int? = nil, otherInstructor: Int,
            owner: Int
        ) {
            self.method = method
            self.path = path
            self.body = body
            statuses = [
                .anonymous: 401, .revoked: 401, .guest: student, .student: student, .player: player ?? student,
                .otherInstructor: otherInstructor, .owner: owner,
            ]
        }

        /// Without a token as with any.
        init(open path: String) {
            method = .get
            self.path = path
            statuses = Dictionary(uniqueKeysWithValues: Role.allCases.map { ($0, 200) })
        }
    }

    private static let quiz = #"{"title": "T", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": 0}]}"#

    static let rows: [Row] = [
        Row(.get, "/api/v1/quizzes", student: 200, otherInstructor: 200, owner: 200),
        Row(.post, "/api/v1/quizzes", quiz, student: 403, otherInstructor: 201, owner: 201),
        Row(
            .post, "/api/v1/quizzes/import?format=opentriviaqa&title=T", "#Q Why?\n^ b\nA a\nB b\n", student: 403, otherInstructor: 201,
            owner: 201),
        Row(.get, "/api/v1/quizzes/own", student: 404, otherInstructor: 404, owner: 200),
        Row(.get, "/api/v1/quizzes/free", student: 404, otherInstructor: 200, owner: 200),
        Row(.get, "/api/v1/quizzes/shared", student: 404, otherInstructor: 200, owner: 200),
        Row(.put, "/api/v1/quizzes/own", quiz, student: 403, otherInstructor: 403, owner: 200),
        Row(.put, "/api/v1/quizzes/free", quiz, student: 403, otherInstructor: 403, owner: 403),
        Row(.delete, "/api/v1/quizzes/own", student: 403, otherInstructor: 403, owner: 204),
        Row(.delete, "/api/v1/quizzes/shared", student: 403, otherInstructor: 403, owner: 403),
        Row(.get, "/api/v1/sessions", student: 200, otherInstructor: 200, owner: 200),
        Row(.get, "/api/v1/sessions/s/leaderboard", student: 403, player: 200, otherInstructor: 403, owner: 200),
        Row(.get, "/api/v1/sessions/s/report", student: 403, otherInstructor: 403, owner: 200),
        Row(.get, "/api/v1/sessions/s/report.csv", student: 403, otherInstructor: 403, owner: 200),
        Row(.get, "/api/v1/classroom", student: 200, otherInstructor: 200, owner: 200),
        Row(open: "/livez"), Row(open: "/readyz"), Row(open: "/metrics"), Row(open: "/api/v1/openapi.yaml"),
        Row(open: "/"), Row(open: "/host"), Row(open: "/chat"), Row(open: "/dashboard"), Row(open: "/dunlin.js"),
    ]

    @Test("every route does for every role what the table says", arguments: rows, Role.allCases)
    func table(row: Row, role: Role) async throws {
        let server = HTTPTestServer()
        let questions = [Question(id: "q1", question: "SECRET?", options: ["a", "b"], correctAnswer: .index(1))]
        for (id, owner) in [("own", "ann"), ("free", ""), ("shared", Quiz.sharedOwner), ("played", "ann")] {
            try await server.store.save(Quiz(id: id, title: id, questions: questions, createdBy: owner))
        }
        try await server.store.createSession(SessionRecord(id: "s", quizID: "played", status: .ended, createdBy: "ann", createdAt: 5))
        _ = try await server.store.save(ParticipantRecord(sessionID: "s", userID: "stu", username: "Stu", joinedAt: 6))
        let answer = try await server.call(row.method, row.path, token: role.token, body: row.body)
        #expect(answer.status == row.statuses[role], "\(answer.body)")
        if answer.status >= 400 { #expect(!answer.body.contains("SECRET")) }
        if row.path == "/api/v1/sessions", role != .owner { #expect(!answer.body.contains("\"s\"")) }
        if row.path == "/api/v1/quizzes", role != .owner { #expect(!answer.body.contains("\"own\"")) }
    }

    @Test("whoever may not have a quiz does not make the server read it", arguments: [HTTPRequest.Method.get, .put, .delete])
    func noRead(method: HTTPRequest.Method) async throws {
        let server = HTTPTestServer(store: StrangeStore(quizOwner: "ann"))
        for role in [Role.guest, .student, .otherInstructor] {
            let answer = try await server.call(method, "/api/v1/quizzes/own", token: role.token, body: Self.quiz)
            #expect(answer.status == (method == .get ? 404 : 403))
        }
        // The owner does.
        #expect(try await server.call(method, "/api/v1/quizzes/own", token: "ann", body: Self.quiz).status == 500)
    }

    @Test("the table has every route of the API")
    func complete() async throws {
        func pattern(_ row: Row) -> String {
            let path = row.path.split(separator: "?")[0]
            for id in ["own", "free", "shared"] where path == "/api/v1/quizzes/\(id)" {
                return "\(row.method.rawValue) /api/v1/quizzes/:id"
            }
            return "\(row.method.rawValue) \(path.replacing("/sessions/s/", with: "/sessions/:id/"))"
        }
        let known = Set(Self.rows.map(pattern))
        let server = HTTPTestServer()
        var count = 0
        for (method, path) in server.routes where path.contains("api/") {
            guard try await server.call(method, path.replacing("{id}", with: "x"), token: "ann").status != 405 else { continue }
            count += 1
            let route = "\(method.rawValue) \(path.hasPrefix("/") ? path : "/" + path)".replacing("{id}", with: ":id")
            #expect(known.contains(route), "\(route) is not in the table")
        }
        #expect(count >= 11)
    }

    @Test("of two who create the same quiz at once, one gets 201 and the other 409")
    func twoCreators() async throws {
        let server = HTTPTestServer()
        let body = Self.quiz.replacing(#"{"title""#, with: #"{"id": "same", "title""#)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<16 {
                group.addTask { try await server.call(.post, "/api/v1/quizzes", token: index % 2 == 0 ? "ann" : "oda", body: body).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } == 1)
        #expect(statuses.count { $0 == 409 } == 15)
    }

    @Test("another's quiz that took the place of a deleted one shows its answers in no report")
    func replacedQuiz() async throws {
        let server = HTTPTestServer()
        try await server.store.createSession(SessionRecord(id: "s", quizID: "q", status: .ended, createdBy: "ann", createdAt: 5))
        let questions = [Question(id: "q1", question: "SECRET?", options: ["a", "b"], correctAnswer: .index(1))]
        try await server.store.save(Quiz(id: "q", title: "T", questions: questions, createdBy: "oda"))
        for path in ["report", "report.csv"] {
            let answer = try await server.call(.get, "/api/v1/sessions/s/\(path)", token: "ann")
            #expect(answer.status == 200)
            #expect(!answer.body.contains("SECRET"))
        }
    }

    @Test("the API has a rate for each user; beyond it 429 says when to come again, and others are served")
    func rate() async throws {
        var configuration = RuntimeConfiguration()
        configuration.apiRate = .init(capacity: 3, refillPerSecond: 0.001)
        let server = HTTPTestServer(runtimeConfiguration: configuration)
        for _ in 0..<3 { #expect(try await server.call(.get, "/api/v1/quizzes", token: "ann").status == 200) }
        let refused = try await server.call(.get, "/api/v1/quizzes", token: "ann")
        #expect(refused.status == 429)
        #expect(refused.code == "rate_limited")
        #expect(refused.message?.contains("rate limit") == true)
        #expect((refused.headers[.retryAfter].flatMap { Int($0) } ?? 0) > 0)
        #expect(try await server.call(.get, "/api/v1/quizzes", token: "oda").status == 200)
    }

    @Test("wrong tokens of an address are refused without a look after so many; a right one from there still signs in")
    func guesses() async throws {
        var configuration = RuntimeConfiguration()
        configuration.failedSignInRateOfAddress = .init(capacity: 3, refillPerSecond: 0.001)
        let server = HTTPTestServer(runtimeConfiguration: configuration)
        #expect(try await server.call(.get, "/api/v1/quizzes", token: "ann").status == 200)
        for number in 0..<3 { #expect(try await server.call(.get, "/api/v1/quizzes", token: "guess\(number)").status == 401) }
        #expect(try await server.call(.get, "/api/v1/quizzes", token: "guess").status == 429)
        #expect(try await server.call(.get, "/api/v1/quizzes", token: "ann").status == 200)
        // Nobody's socket pays for it.
        #expect(try await server.runtime.pipeline.verify("sol", socketID: "socket", address: "")?.id == "sol")
    }

    @Test("behind a trusted proxy that ends TLS, a page of the server's own https origin may ask", arguments: [true, false])
    func originBehindProxy(isTrusted: Bool) async throws {
        let server = HTTPTestServer { $0.trustedProxies = TrustedProxies([isTrusted ? "10.0.0.1" : "10.0.0.2"]) ?? TrustedProxies() }
        let headers = try HTTPFields([
            HTTPField(name: #require(.init("X-Forwarded-Proto")), value: "https"),
            HTTPField(name: .origin, value: "https://localhost:3001"),
        ])
        #expect(try await server.call(.get, "/livez", from: "10.0.0.1", headers: headers).status == (isTrusted ? 200 : 403))
    }

    @Test("behind a trusted proxy wrong tokens count to the client that it names; nobody else's word is taken", arguments: [true, false])
    func guessesBehindProxy(isTrusted: Bool) async throws {
        var configuration = RuntimeConfiguration()
        configuration.failedSignInRateOfAddress = .init(capacity: 1, refillPerSecond: 0.001)
        let server = HTTPTestServer(runtimeConfiguration: configuration) {
            $0.trustedProxies = TrustedProxies([isTrusted ? "10.0.0.1" : "10.0.0.2"]) ?? TrustedProxies()
        }
        for (client, status) in [("1.1.1.1", 401), ("2.2.2.2", isTrusted ? 401 : 429), ("1.1.1.1", 429)] {
            let headers = try HTTPFields([HTTPField(name: #require(.init("X-Forwarded-For")), value: "6.6.6.6, \(client)")])
            #expect(try await server.call(.get, "/api/v1/quizzes", token: "guess", from: "10.0.0.1", headers: headers).status == status)
        }
    }
}
