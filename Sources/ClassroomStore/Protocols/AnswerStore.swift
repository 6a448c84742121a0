public import Classroom

/// What became of a submitted answer. All of them are durable when they are told.
public enum AnswerOutcome: Hashable, Sendable {
    case stored
    /// The user had answered this question before: the answer that counts.
    case duplicate(AnswerRecord)
    /// The session's row is gone, or another incarnation's; nothing was stored.
    case sessionVanished
}

/// Answers: one a session, question and user, the first one counts.
public protocol AnswerStore: Sendable {
    /// All answers of the session, in the order of `answeredAt`; ties by question and user id.
    func answers(sessionID: String) async throws -> [AnswerRecord]
    /// Stores the answer; the completion runs after the commit that made it durable. See ``ClassroomStore`` for where it runs.
    /// - Parameter sessionCreatedAt: of the session that was answered; nil: whichever has the id.
    func submit(
        _ answer: AnswerRecord, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<AnswerOutcome, ClassroomError>) -> Void)
}

extension AnswerStore {
    /// An answer to whichever session has the id.
    public func submit(_ answer: AnswerRecord, completion: @escaping @Sendable (Result<AnswerOutcome, ClassroomError>) -> Void) {
        submit(answer, sessionCreatedAt: nil, completion: completion)
    }

    /// ``AnswerStore/submit(_:sessionCreatedAt:completion:)``, awaited.
    public func submit(
        _ answer: AnswerRecord, sessionCreatedAt: UnixMilliseconds? = nil
    ) async throws(ClassroomError) -> AnswerOutcome {
        try await committed { submit(answer, sessionCreatedAt: sessionCreatedAt, completion: $0) }
    }
}
