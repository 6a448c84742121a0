import Classroom

/// A write of any kind: what to do in the transaction, and what to tell afterwards.
struct PendingTransaction<Context>: QueuedWrite {
    /// Performs the write and returns what runs when it is committed.
    let perform: @Sendable (inout Context) throws -> @Sendable () -> Void
    private let refuse: @Sendable (ClassroomError) -> Void
    let byteCount: Int

    init<Value: Sendable>(
        bytes: Int = 0, _ body: @escaping @Sendable (inout Context) throws -> Value,
        completion: @escaping @Sendable (Result<Value, ClassroomError>) -> Void
    ) {
        perform = { context in
            let value = try body(&context)
            return { completion(.success(value)) }
        }
        byteCount = 1_024 + bytes
        refuse = { completion(.failure($0)) }
    }

    func fail(_ error: ClassroomError) { refuse(error) }
}
