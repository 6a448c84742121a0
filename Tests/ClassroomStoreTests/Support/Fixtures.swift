import Classroom

extension SessionRecord {
    static func sample(_ id: String = "s1", joinCode: String? = nil, status: SessionStatus = .waiting, createdAt: Int64 = 1_000)
        -> SessionRecord
    {
        SessionRecord(id: id, quizID: "quiz1", status: status, joinCode: joinCode, createdBy: "instructor1", createdAt: createdAt)
    }
}

extension AnswerRecord {
    static func sample(_ user: String = "user1", question: String = "q1", session: String = "s1", answer: Answer = .index(1))
        -> AnswerRecord
    {
        AnswerRecord(
            sessionID: session, questionID: question, userID: user, answer: answer, correct: true, score: 100, timeBonus: 25,
            elapsedMs: 4_000, timeSpent: 3.5, answeredAt: 5_000)
    }
}

extension ChatMessage {
    static func sample(_ content: String = "hello", room: String = "r1", clientID: String? = nil) -> ChatMessage {
        ChatMessage(
            id: "id-\(content)", roomID: room, userID: "user1", username: "student1", content: content, sentAt: 7_000, sequence: -1,
            clientID: clientID)
    }
}

extension ParticipantRecord {
    static func sample(_ user: String, session: String = "s1", joinedAt: Int64 = 2_000) -> ParticipantRecord {
        ParticipantRecord(sessionID: session, userID: user, username: "name of \(user)", joinedAt: joinedAt)
    }
}
