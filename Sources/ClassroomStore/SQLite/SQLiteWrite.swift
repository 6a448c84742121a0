import Classroom
import GRDB

/// A write that waits for the writer. The frequent kinds are cases of their own and run without boxes; any other is a transaction.
enum SQLiteWrite: QueuedWrite {
    case answer(AnswerRecord, sessionCreatedAt: UnixMilliseconds?, @Sendable (Result<AnswerOutcome, ClassroomError>) -> Void)
    case message(ChatMessage, @Sendable (Result<ChatMessage, ClassroomError>) -> Void)
    case transaction(PendingTransaction<Database>)

    /// Measured generously: a record, its strings' own storage, and a completion that holds a request.
    var byteCount: Int {
        switch self {
        case .answer: 1_024
        case .message(let message, _): 1_024 + message.content.utf8.count
        case .transaction(let transaction): transaction.byteCount
        }
    }

    func fail(_ error: ClassroomError) {
        switch self {
        case .answer(_, _, let completion): completion(.failure(error))
        case .message(_, let completion): completion(.failure(error))
        case .transaction(let transaction): transaction.fail(error)
        }
    }
}
