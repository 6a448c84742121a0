import Classroom
import ClassroomStore
import ClassroomTestSupport
import NIOConcurrencyHelpers

/// A memory store whose writes can be made to fail, or to wait.
final class StoreDouble: ClassroomStore {
    enum Write: Hashable, Sendable { case answer, participant, session, chat, history }

    private struct State {
        var failing: Set<Write> = []
        var losing: Set<Write> = []
        var held: Set<Write> = []
        var waiting: [@Sendable () -> Void] = []
        var quizReads = 0
        var hidesQuizzes = false
        var replacement: Quiz?
        var answerReads = 0
        var settingsWrites = 0
        var chatReads = 0
        /// Who waits for so many writes to wait.
        var observers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let base = MemoryStore()
    /// Where those who have created a session wait before they are told.
    let created: Gate?
    /// Where those who count the sessions wait.
    let counting: Gate?
    private let state = NIOLockedValueBox(State())

    /// Several servers may work on it at once.
    let isShared: Bool

    init(created: Gate? = nil, counting: Gate? = nil, isShared: Bool = false) {
        self.isShared = isShared
        self.created = created
        self.counting = counting
    }

    func fail(_ writes: Set<Write>) { state.withLockedValue { $0.failing = writes } }

    /// These are made, and nobody is told: as if the connection had broken after the commit.
    func lose(_ writes: Set<Write>) { state.withLockedValue { $0.losing = writes } }

    /// These wait from now on; the others go on.
    func hold(_ writes: Set<Write>) { state.withLockedValue { $0.held = writes } }

    var waiting: Int { state.withLockedValue { $0.waiting.count } }

    /// Returns when so many writes wait.
    func waits(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLockedValue { state in
                if state.waiting.count >= count { return true }
                state.observers.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    /// What waits is written now, in its order, and nothing waits any more.
    func release() {
        let waiting = state.withLockedValue { state in
            state.held = []
            defer { state.waiting = [] }
            return state.waiting
        }
        for write in waiting { write() }
    }

    // MARK: Writes

    /// How often the settings of a session were written again.
    var settingsWrites: Int { state.withLockedValue { $0.settingsWrites } }

    func perform(_ write: StoreWrite, completion: @escaping @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void) {
        if case .updateSession(_, keepsSettings: false) = write { state.withLockedValue { $0.settingsWrites += 1 } }
        guard let kind = Self.kind(of: write) else { return base.perform(write, completion: completion) }
        let (fails, loses, isHeld, reached) = state.withLockedValue { state in
            if state.held.contains(kind) { state.waiting.append { [base] in base.perform(write, completion: completion) } }
            let count = state.waiting.count
            let reached = state.observers.filter { $0.count <= count }
            state.observers.removeAll { $0.count <= count }
            return (state.failing.contains(kind), state.losing.contains(kind), state.held.contains(kind), reached)
        }
        for observer in reached { observer.continuation.resume() }
        if fails { return completion(.failure(.storeFailed)) }
        if loses { return base.perform(write) { _ in completion(.failure(.storeFailed)) } }
        if !isHeld { base.perform(write, completion: completion) }
    }

    /// Nil: one that is never held and never fails.
    private static func kind(of write: StoreWrite) -> Write? {
        switch write {
        case .submitAnswer: .answer
        case .saveParticipant, .deleteParticipant: .participant
        case .updateSession: .session
        case .appendMessage: .chat
        default: nil
        }
    }

    // MARK: What is as in any store

    var statistics: CommitStatistics { base.statistics }
    func health() async throws { try await base.health() }
    func close() async { await base.close() }
    func user(id: String) async throws -> User? { try await base.user(id: id) }
    func user(username: String) async throws -> User? { try await base.user(username: username) }
    func countUsers() async throws -> Int { try await base.countUsers() }
    func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User? { try await base.user(forTokenHash: hash, now: now) }
    func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String> {
        try await base.validTokens(among: hashes, now: now)
    }
    /// How often a whole quiz was read.
    var quizReads: Int { state.withLockedValue { $0.quizReads } }
    /// Whether a quiz is gone when it is read, although its owner and its size were known just before.
    func hideQuizzes(_ hides: Bool) { state.withLockedValue { $0.hidesQuizzes = hides } }
    func quiz(id: String) async throws -> Quiz? {
        let isHidden = state.withLockedValue { state in
            state.quizReads += 1
            return state.hidesQuizzes
        }
        return isHidden ? nil : try await base.quiz(id: id)
    }
    func quizOwner(id: String) async throws -> String? { try await base.quizOwner(id: id) }
    /// This quiz takes the place of the one with its id when somebody asks next how large it is.
    func replaceQuiz(by quiz: Quiz) { state.withLockedValue { $0.replacement = quiz } }
    func quizMemoryBytes(id: String) async throws -> Int? {
        let replacement = state.withLockedValue { state in
            defer { state.replacement = nil }
            return state.replacement
        }
        if let replacement { try await base.save(replacement) }
        return try await base.quizMemoryBytes(id: id)
    }
    func quizzes(createdBy: String?) async throws -> [Quiz] { try await base.quizzes(createdBy: createdBy) }
    func sessionCreation(id: String) async throws -> UnixMilliseconds? { try await base.sessionCreation(id: id) }
    func sessionAccess(to sessionID: String, for userID: String) async throws -> SessionAccess? {
        try await base.sessionAccess(to: sessionID, for: userID)
    }
    func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool {
        try await base.hasSession(ofQuiz: quizID, statuses: statuses)
    }
    func playedQuiz(sessionID: String) async throws -> Quiz? { try await base.playedQuiz(sessionID: sessionID) }
    func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String] { try await base.sessionTitles(sessionIDs) }
    func createSession(_ session: SessionRecord) async throws {
        try await base.createSession(session)
        await created?.pass()
    }
    func session(id: String) async throws -> SessionRecord? { try await base.session(id: id) }
    func session(joinCode: String) async throws -> SessionIncarnation? { try await base.session(joinCode: joinCode) }
    func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord] {
        try await base.sessions(statuses: statuses, createdBy: createdBy, limit: limit)
    }
    func countSessions() async throws -> [SessionStatus: Int] {
        await counting?.pass()
        return try await base.countSessions()
    }
    func ownerlessSessions(limit: Int, abandonedRemainder: Duration) async throws -> [String] {
        try await base.ownerlessSessions(limit: limit, abandonedRemainder: abandonedRemainder)
    }
    func participants(sessionID: String) async throws -> [ParticipantRecord] { try await base.participants(sessionID: sessionID) }
    /// How often all answers of a session were read.
    var answerReads: Int { state.withLockedValue { $0.answerReads } }
    func answers(sessionID: String) async throws -> [AnswerRecord] {
        state.withLockedValue { $0.answerReads += 1 }
        return try await base.answers(sessionID: sessionID)
    }
    /// How often a room's messages were read.
    var chatReads: Int { state.withLockedValue { $0.chatReads } }
    /// A read, which can be made to fail like a write.
    func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] {
        state.withLockedValue { $0.chatReads += 1 }
        if state.withLockedValue({ $0.failing.contains(.history) }) { throw ClassroomError.storeFailed }
        return try await base.recentChat(roomID: roomID, limit: limit)
    }
}
