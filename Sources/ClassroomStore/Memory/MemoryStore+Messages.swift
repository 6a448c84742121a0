public import Classroom

extension MemoryStore {
    public func answers(sessionID: String) async throws -> [AnswerRecord] {
        try read { tables in
            (tables.sessions[sessionID]?.answers.values.map { $0 } ?? []).sorted {
                ($0.answeredAt, $0.questionID, $0.userID) < ($1.answeredAt, $1.questionID, $1.userID)
            }
        }
    }

    public func submit(
        _ answer: AnswerRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<AnswerOutcome, ClassroomError>) -> Void
    ) {
        write({ $0.submit(answer, sessionCreatedAt) }, completion: completion)
    }

    public func append(_ message: ChatMessage, completion: @escaping @Sendable (Result<ChatMessage, ClassroomError>) -> Void) {
        write({ $0.append(message) }, completion: completion)
    }

    public func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] {
        try read { Array(($0.rooms[roomID] ?? []).suffix(max(0, limit))) }
    }
}
