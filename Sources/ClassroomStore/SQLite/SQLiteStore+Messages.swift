public import Classroom
import GRDB

extension SQLiteStore {
    public func answers(sessionID: String) async throws -> [AnswerRecord] {
        try await read { db in try AnswerRows.all(sessionID: sessionID, in: db) }
    }

    public func submit(
        _ answer: AnswerRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<AnswerOutcome, ClassroomError>) -> Void
    ) {
        enqueue(.answer(answer, sessionCreatedAt: sessionCreatedAt, completion))
    }

    public func append(_ message: ChatMessage, completion: @escaping @Sendable (Result<ChatMessage, ClassroomError>) -> Void) {
        enqueue(.message(message, completion))
    }

    public func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] {
        try await read { db in try ChatRows.recent(roomID: roomID, limit: limit, in: db) }
    }
}
