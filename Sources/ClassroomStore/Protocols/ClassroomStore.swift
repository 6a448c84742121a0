import Classroom

/// Everything that outlives the process. All backends implement this protocol and pass the same contract suite.
///
/// **Writes** go through one writer, in the order in which they were asked for. Those that queue while a commit is under way share the next
/// one (group commit), each failing or succeeding by itself. A completion runs once, after the commit, in commit order, on the writer's
/// thread: it must not block and must not wait for the store. A refusal (``StoreConfiguration/maximumQueuedWrites`` are waiting, or
/// the store is closed) is `ClassroomError(.unavailable)` and runs the completion at once, on the caller's thread.
///
/// **Reads** see every write whose completion has run. They throw `ClassroomError(.unavailable)`, or `CancellationError` in a cancelled task.
public protocol ClassroomStore: UserStore, TokenStore, QuizStore, SessionStore, AnswerStore, ChatStore {
    /// Returns when the store can be read and accepts writes; throws the reason otherwise.
    func health() async throws
    /// Refuses new writes and returns when those that are pending are committed. The second and later calls do no more than wait.
    func close() async
    /// What the writer has done so far.
    var statistics: CommitStatistics { get }
}

/// Awaits a completion. A continuation, not a task: one allocation a write.
func committed<Value: Sendable>(
    _ start: (@escaping @Sendable (Result<Value, ClassroomError>) -> Void) -> Void
) async throws(ClassroomError) -> Value {
    let result: Result<Value, ClassroomError> = await withCheckedContinuation { continuation in
        start { continuation.resume(returning: $0) }
    }
    return try result.get()
}
