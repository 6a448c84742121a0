public import Classroom

/// The result of submitting an answer. It is durable when it is reported.
public enum AnswerOutcome: Hashable, Sendable {
    case stored
    /// The user had answered this question before. The value is the answer that counts.
    case duplicate(AnswerRecord)
    /// The session's row is gone, or belongs to another incarnation. Nothing was stored.
    case sessionVanished
}

/// Answers: one per session, question and user. The first one counts.
public protocol AnswerStore: StoreWriting {
    /// All answers of the session, in the order of `answeredAt`; ties by question and user id.
    func answers(sessionID: String) async throws -> [AnswerRecord]
}

extension AnswerStore {
    /// Stores the answer; the completion runs after the commit that made it durable.
    /// - Parameter fence: the write fails with `ClassroomError.staleEpoch` if another server owns the session now.
    public func submit(
        _ answer: AnswerRecord, fence: SessionFence = .none,
        completion: @escaping @Sendable (Result<AnswerOutcome, ClassroomError>) -> Void
    ) {
        perform(.submitAnswer(answer, fence), \.answer, completion: completion)
    }

    /// ``submit(_:fence:completion:)``, awaited.
    public func submit(_ answer: AnswerRecord, fence: SessionFence = .none) async throws(ClassroomError) -> AnswerOutcome {
        try await perform(.submitAnswer(answer, fence), \.answer)
    }
}
