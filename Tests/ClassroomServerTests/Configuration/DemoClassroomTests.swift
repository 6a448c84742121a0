import Classroom
@testable import ClassroomHTTP
import ClassroomLive
@testable import ClassroomServer
import ClassroomStore
import Testing

@Suite("Demo")
struct DemoClassroomTests {
    private let store = MemoryStore()

    private func prepare(at now: UnixMilliseconds = 1_000) async throws -> DemoClassroom.Access {
        try await DemoClassroom(store: store, now: now).prepare(settings: SessionSettings())
    }

    private func user(_ token: String, at now: UnixMilliseconds = 2_000) async throws -> User? {
        try await StoredTokenAuthentication(store: store, now: { now }).verifyToken(token)
    }

    @Test("the sessions that load scripts name are active and self-paced, with the question ids that they answer")
    func loadTestSessions() async throws {
        _ = try await prepare()
        let dashed = (1...5).map { "load-test-session-\($0)" }
        for (ids, questions) in [(dashed, (1...10).map { "q-\($0)" }), (["load_test_session"], (0...9).map { "q\($0)" })] {
            for id in ids {
                let session = try #require(try await store.session(id: id))
                #expect(session.status == .active && session.settings.pace == .self && session.createdBy == "demo-instructor")
                #expect(try await store.quiz(id: session.quizID)?.questions.map(\.id) == questions)
            }
        }
    }

    @Test("every demo question is one that the HTTP API would take, with four options")
    func questions() throws {
        for quiz in DemoQuizzes.all(owner: "x") {
            #expect(quiz.questions.count == 10)
            for question in quiz.questions {
                var checked = question
                try QuestionCheck(limits: QuizLimits()).check(&checked)
                #expect(checked == question)
                #expect(question.options.count == 4)
            }
        }
    }

    @Test("the public tokens are of users who may do no more than take part", arguments: ["test_token", "observer_token"])
    func publicTokens(token: String) async throws {
        _ = try await prepare()
        #expect(try await user(token)?.permissions == [.participate])
    }

    @Test("a second start keeps running sessions with their answers and renews those that ended")
    func again() async throws {
        let first = try await prepare(at: 1_000)
        _ = try await store.submit(
            AnswerRecord(
                sessionID: "load_test_session", questionID: "q0", userID: "u", answer: .index(0), correct: true, score: 1, timeBonus: 0,
                elapsedMs: 1, answeredAt: 1))
        var ended = try #require(try await store.session(id: "load-test-session-1"))
        ended.status = .ended
        #expect(try await store.update(ended))
        let second = try await prepare(at: 2_000)
        #expect(try await store.answers(sessionID: "load_test_session").count == 1)
        #expect(try await store.session(id: "load-test-session-1")?.status == .active)
        #expect(second.joinCode == first.joinCode)
        #expect(try await user(second.instructorToken)?.role == .instructor)
        #expect(second.instructorToken != first.instructorToken)
    }

    @Test("a link of an earlier start is good for a day, whoever starts the server again")
    func lifetime() async throws {
        let first = try await prepare(at: 1_000)
        _ = try await prepare(at: 2_000)
        #expect(try await user(first.instructorToken, at: 86_400_999)?.role == .instructor)
        #expect(try await user(first.studentToken, at: 86_400_999)?.role == .student)
        #expect(try await user(first.instructorToken, at: 86_401_000) == nil)
    }

    @Test("there is a link for each role, and tokens stand where browsers do not send them")
    func links() async throws {
        let links = DemoLink.all(base: "http://localhost:1", access: .init(instructorToken: "I", studentToken: "S", joinCode: "123456"))
        #expect(links.map(\.role) == ["host", "player", "chat", "dashboard"])
        for link in links where link.url.contains("token=") {
            #expect(link.url.split(separator: "#").first?.contains("token=") == false)
        }
    }

    @Test(
        "an address is printed as a URL",
        arguments: [
            ("127.0.0.1", false, "http://127.0.0.1:80"), ("::1", true, "https://[::1]:80"), ("localhost", true, "https://localhost:80"),
        ])
    func addresses(hostname: String, isSecure: Bool, url: String) {
        #expect(ListeningAddress(hostname: hostname, port: 80, isSecure: isSecure).url == url)
    }
}
