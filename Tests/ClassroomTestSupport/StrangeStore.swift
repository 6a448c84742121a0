package import Classroom
package import ClassroomStore

/// An error that is not ours, with a text that no client may see.
package struct StrangeError: Error, CustomStringConvertible {
    package init() {}

    package var description: String { "SECRET select * from tokens" }
}

/// A store of which every read and every awaited write throws.
package struct StrangeStore: ClassroomStore {
    /// Where those who create a quiz wait before they fail.
    private let creating: Gate?
    /// Whose all quizzes are; nil: asking for that throws too.
    private let quizOwner: String?

    package init(creating: Gate? = nil, quizOwner: String? = nil) {
        self.creating = creating
        self.quizOwner = quizOwner
    }

    private func fail() throws -> Never { throw StrangeError() }

    package var statistics: CommitStatistics { CommitStatistics() }
    package func health() async throws { try fail() }
    package func close() async {}
    package func user(id: String) async throws -> User? { try fail() }
    package func user(username: String) async throws -> User? { try fail() }
    package func save(_ user: User) async throws { try fail() }
    package func countUsers() async throws -> Int { try fail() }
    package func createToken(hash: String, userID: String, expiresAt: UnixMilliseconds?, createdAt: UnixMilliseconds) async throws {
        try fail()
    }
    package func load(users: [UserChange], tokens: [TokenRecord]) async throws { try fail() }
    package func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User? { try fail() }
    package func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String> { try fail() }
    package func revokeToken(hash: String) async throws -> Bool { try fail() }
    package func revokeTokens(userID: String) async throws -> Int { try fail() }
    package func deleteExpired(now: UnixMilliseconds, limit: Int) async throws -> Int { try fail() }
    package func quiz(id: String) async throws -> Quiz? { try fail() }
    package func quizOwner(id: String) async throws -> String? {
        guard let quizOwner else { try fail() }
        return quizOwner
    }
    package func quizzes(createdBy: String?) async throws -> [Quiz] { try fail() }
    package func create(_ quiz: WrittenQuiz) async throws {
        await creating?.pass()
        try fail()
    }
    package func replace(_ quiz: WrittenQuiz) async throws -> Bool { try fail() }
    package func save(_ quiz: WrittenQuiz) async throws { try fail() }
    package func deleteQuiz(id: String) async throws -> Bool { try fail() }
    package func playedQuiz(sessionID: String) async throws -> Quiz? { try fail() }
    package func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String] { try fail() }
    package func createSession(_ session: SessionRecord) async throws { try fail() }
    package func session(id: String) async throws -> SessionRecord? { try fail() }
    package func sessionCreation(id: String) async throws -> UnixMilliseconds? { try fail() }
    package func sessionAccess(to sessionID: String, for userID: String) async throws -> SessionAccess? { try fail() }
    package func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool { try fail() }
    package func session(joinCode: String) async throws -> SessionIncarnation? { try fail() }
    package func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord] { try fail() }
    package func countSessions() async throws -> [SessionStatus: Int] { try fail() }
    package func deleteSession(id: String) async throws -> Bool { try fail() }
    package func ownerlessSessions(limit: Int, abandonedRemainder: Duration) async throws -> [String] { try fail() }
    package func participants(sessionID: String) async throws -> [ParticipantRecord] { try fail() }
    package func answers(sessionID: String) async throws -> [AnswerRecord] { try fail() }
    package func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] { try fail() }
    package func perform(
        _ write: StoreWrite, completion: @escaping @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void
    ) { completion(.failure(.storeFailed)) }
}
