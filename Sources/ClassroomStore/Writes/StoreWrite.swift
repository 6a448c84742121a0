public import Classroom

/// A write as a value. A store may batch it, pipeline it and repeat it.
///
/// Each write is carried out as a whole or not at all, independently of the others in its transaction.
public enum StoreWrite: Sendable {
    case saveUser(User)
    case load(users: [UserChange], tokens: [TokenRecord])
    case revokeToken(hash: String)
    case revokeTokens(userID: String)
    case deleteExpired(now: UnixMilliseconds, limit: Int)

    case createQuiz(WrittenQuiz)
    case replaceQuiz(WrittenQuiz)
    case saveQuiz(WrittenQuiz)
    case deleteQuiz(id: String)
    case keepQuiz(WrittenQuiz, sessionID: String, SessionFence)

    case createSession(SessionRecord)
    /// `keepsSettings`: the row has them already, and they are neither written as text nor sent.
    case updateSession(SessionRecord, keepsSettings: Bool)
    case deleteSession(id: String)
    case acquireLease(LeaseRequest)
    case renewLeases(owner: String, sessionIDs: [String], duration: Duration)
    case releaseLeases(owner: String, sessionIDs: [String])

    case saveParticipant(ParticipantRecord, SessionFence)
    case deleteParticipant(ParticipantRecord, SessionFence)
    case submitAnswer(AnswerRecord, SessionFence)
    case appendMessage(ChatMessage)

    /// Changes a row without a meaning, to show that the database can be written.
    case probe

    /// A server's request for a session's lease.
    public struct LeaseRequest: Hashable, Sendable {
        public var sessionID: String
        /// The session's creation time. Nil for any session of the id.
        public var createdAt: UnixMilliseconds?
        public var owner: String
        public var duration: Duration
        /// The lease is granted although another server holds it.
        public var takesOver: Bool
        /// A lease with no more than this left is granted too, if the store can tell that the process of its owner is gone.
        public var abandonedRemainder: Duration

        public init(
            sessionID: String, createdAt: UnixMilliseconds? = nil, owner: String, duration: Duration, takesOver: Bool = false,
            abandonedRemainder: Duration = .zero
        ) {
            self.sessionID = sessionID
            self.createdAt = createdAt
            self.owner = owner
            self.duration = duration
            self.takesOver = takesOver
            self.abandonedRemainder = abandonedRemainder
        }
    }

    /// The result of a write that was committed. Which case it is follows from the write's own.
    public enum Outcome: Hashable, Sendable {
        case done
        /// Whether the row was there to be written.
        case flag(Bool)
        /// The number of deleted rows.
        case count(Int)
        case answer(AnswerOutcome)
        case message(ChatMessage)
        case lease(LeaseOutcome)
        /// The leases that are still held, by session id.
        case leases([String: SessionLease])
    }

    /// Its approximate memory while it waits: a kilobyte for records, short strings and the completion, and the bytes of longer parts.
    var byteCount: Int {
        switch self {
        case .createQuiz(let quiz), .replaceQuiz(let quiz), .saveQuiz(let quiz), .keepQuiz(let quiz, _, _): 1_024 + quiz.bytes
        case .appendMessage(let message): 1_024 + message.content.utf8.count
        case .load(let users, let tokens): 1_024 + 512 * (users.count + tokens.count)
        case .renewLeases(_, let sessionIDs, _), .releaseLeases(_, let sessionIDs): 1_024 + 64 * sessionIDs.count
        default: 1_024
        }
    }
}

/// Its records hold hashes of tokens, answers and names.
extension StoreWrite: SelfRedacting {}

extension StoreWrite.Outcome {
    /// The outcome of this kind of write. Nil if it is that of another kind, which is a bug of the store.
    var flag: Bool? { if case .flag(let value) = self { value } else { nil } }
    var count: Int? { if case .count(let value) = self { value } else { nil } }
    var answer: AnswerOutcome? { if case .answer(let value) = self { value } else { nil } }
    var message: ChatMessage? { if case .message(let value) = self { value } else { nil } }
    var lease: LeaseOutcome? { if case .lease(let value) = self { value } else { nil } }
    var leases: [String: SessionLease]? { if case .leases(let value) = self { value } else { nil } }
}

/// The common entrance for all writes of a store.
public protocol StoreWriting: Sendable {
    /// Carries out the write. The completion runs once, after the commit; see ``ClassroomStore`` for where it runs.
    func perform(_ write: StoreWrite, completion: @escaping @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void)
}

extension StoreWriting {
    /// ``perform(_:completion:)`` for a write with this kind of outcome.
    func perform<Value: Sendable>(
        _ write: StoreWrite, _ value: @escaping @Sendable (StoreWrite.Outcome) -> Value?,
        completion: @escaping @Sendable (Result<Value, ClassroomError>) -> Void
    ) {
        perform(write) { result in
            completion(
                result.flatMap { outcome in
                    guard let value = value(outcome) else {
                        assertionFailure("an outcome belongs to the write that it came from")
                        return .failure(.storeFailed)
                    }
                    return .success(value)
                })
        }
    }

    /// ``perform(_:completion:)``, awaited. A continuation, not a task: one allocation per write.
    func perform<Value: Sendable>(
        _ write: StoreWrite, _ value: @escaping @Sendable (StoreWrite.Outcome) -> Value?
    ) async throws(ClassroomError) -> Value {
        try await committed { perform(write, value, completion: $0) }
    }

    /// Awaits a write whose only outcome is its commit.
    func perform(_ write: StoreWrite) async throws(ClassroomError) {
        let _: StoreWrite.Outcome = try await committed { perform(write, completion: $0) }
    }
}

/// Awaits a completion.
func committed<Value: Sendable>(
    _ start: (@escaping @Sendable (Result<Value, ClassroomError>) -> Void) -> Void
) async throws(ClassroomError) -> Value {
    let result: Result<Value, ClassroomError> = await withCheckedContinuation { continuation in
        start { continuation.resume(returning: $0) }
    }
    return try result.get()
}
