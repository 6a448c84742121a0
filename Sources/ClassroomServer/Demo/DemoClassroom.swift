import Classroom
import ClassroomLive
import ClassroomStore

/// Users, tokens, quizzes and sessions to try a server with, and those that load scripts name. It can be prepared again and again: what
/// exists stays; missing or ended parts are made anew.
struct DemoClassroom {
    static let instructor = User(id: "demo-instructor", username: "Demo instructor", role: .instructor)
    static let student = User(id: "demo-student", username: "Demo student")

    /// Well-known tokens, of users who may only take part.
    static let publicTokens: [String: User] = [
        "test_token": User(id: "load-test-user", username: "Load tester"),
        "observer_token": User(id: "load-test-observer", username: "Observer"),
    ]

    static let liveSessionID = "demo-session"
    /// A link is good for a day.
    static let tokenLifetimeMs: UnixMilliseconds = 86_400_000

    let store: any ClassroomStore
    let now: UnixMilliseconds

    /// The tokens and the code that the links carry.
    struct Access {
        var instructorToken: String
        var studentToken: String
        var joinCode: String
    }

    func prepare(settings: SessionSettings) async throws -> Access {
        let quizzes = DemoQuizzes.all(owner: Self.instructor.id)
        for quiz in quizzes { try await store.save(quiz) }
        for (token, user) in Self.publicTokens {
            try await store.save(user)
            try await store.createToken(hash: TokenHash.sha256Hex(token), userID: user.id, expiresAt: nil, createdAt: now)
        }
        var selfPaced = settings
        selfPaced.pace = .self
        for number in 1...5 {
            try await keepActive("load-test-session-\(number)", quiz: "demo-planet", settings: selfPaced)
        }
        try await keepActive("load_test_session", quiz: "demo-machines", settings: selfPaced)
        return Access(
            instructorToken: try await freshToken(for: Self.instructor), studentToken: try await freshToken(for: Self.student),
            joinCode: try await keepJoinable(settings: settings))
    }

    /// A random token. The tokens of earlier starts stay valid, so that hosts and players stay signed in over a restart.
    private func freshToken(for user: User) async throws -> String {
        try await store.save(user)
        let token = OpaqueToken.generate()
        try await store.createToken(
            hash: TokenHash.sha256Hex(token), userID: user.id, expiresAt: now + DemoClassroom.tokenLifetimeMs, createdAt: now)
        return token
    }

    private func keepActive(_ id: String, quiz: String, settings: SessionSettings) async throws {
        if let session = try await store.session(id: id) {
            guard session.status != .active else { return }
            _ = try await store.deleteSession(id: id)
        }
        try await store.createSession(
            SessionRecord(
                id: id, quizID: quiz, status: .active, createdBy: Self.instructor.id, settings: settings, phase: SessionPhase.open.rawValue,
                createdAt: now, startedAt: now))
    }

    /// A session that waits for players, with its code.
    private func keepJoinable(settings: SessionSettings) async throws -> String {
        if let session = try await store.session(id: Self.liveSessionID) {
            if session.status != .ended, let code = session.joinCode { return code }
            _ = try await store.deleteSession(id: Self.liveSessionID)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<JoinCode.maximumAttempts {
            guard let code = JoinCode.generate(using: &generator, isTaken: { _ in false })?.value else { continue }
            do {
                try await store.createSession(
                    SessionRecord(
                        id: Self.liveSessionID, quizID: "demo-everyday", joinCode: code, createdBy: Self.instructor.id, settings: settings,
                        createdAt: now))
                return code
            } catch let error as ClassroomError where error == .joinCodeInUse {
                continue
            }
        }
        throw ClassroomError(.conflict, "no join code is free")
    }
}

/// A link that `--demo` prints: one per role.
public struct DemoLink: Sendable, Hashable {
    public var role: String
    public var url: String

    /// Tokens stand behind `#`: browsers do not send that part to the server.
    static func all(base: String, access: DemoClassroom.Access) -> [DemoLink] {
        [
            DemoLink(role: "host", url: "\(base)/host#token=\(access.instructorToken)&session=\(DemoClassroom.liveSessionID)"),
            DemoLink(role: "player", url: "\(base)/?code=\(access.joinCode)"),
            DemoLink(role: "chat", url: "\(base)/chat#token=\(access.studentToken)&room=lobby"),
            DemoLink(role: "dashboard", url: "\(base)/dashboard#token=\(access.instructorToken)"),
        ]
    }
}
