import Classroom

/// A store that keeps nothing beyond the process: for tests and for a quick look. It has the other backends' writer, limits and order.
public final class MemoryStore: ClassroomStore {
    private let target = MemoryCommitTarget()
    private let committer: GroupCommitter<MemoryCommitTarget>

    public init(configuration: StoreConfiguration = .init()) {
        committer = GroupCommitter(target: target, configuration: configuration, name: "dunlin-memory")
    }

    deinit { committer.stop() }

    public var statistics: CommitStatistics { committer.statistics }

    public func health() async throws {
        if committer.isClosed { throw ClassroomError.storeClosed }
    }

    public func close() async { await committer.close() }

    // MARK: - For the extensions

    func read<Value: Sendable>(_ body: (MemoryTables) -> Value) throws(ClassroomError) -> Value {
        if committer.isClosed { throw .storeClosed }
        return target.read(body)
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (inout MemoryTables) throws -> Value) async throws(ClassroomError) -> Value {
        try await committed { write(body, completion: $0) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (inout MemoryTables) throws -> Value,
        completion: @escaping @Sendable (Result<Value, ClassroomError>) -> Void
    ) {
        committer.enqueue(PendingTransaction(body, completion: completion))
    }
}
