public import Classroom
import NIOConcurrencyHelpers

/// A store that lasts as long as the process, for tests and trials. Its writer, limits and order are those of the other backends.
public final class MemoryStore: ClassroomStore {
    private let target: MemoryCommitTarget
    private let committer: GroupCommitter
    /// Several classrooms of this process may work on it at once.
    public let isShared: Bool

    public init(configuration: StoreConfiguration = .init(), isShared: Bool = false) {
        self.isShared = isShared
        let target = MemoryCommitTarget()
        self.target = target
        committer = GroupCommitter(configuration: configuration, name: "dunlin-memory") { target }
    }

    deinit { committer.stop() }

    public var statistics: CommitStatistics { committer.statistics }

    public func health() async throws {
        if committer.isClosed { throw ClassroomError.storeClosed }
    }

    public func close() async { await committer.close() }

    public func perform(_ write: StoreWrite, completion: @escaping @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void) {
        committer.enqueue(write, completion: completion)
    }

    // MARK: - For the extensions

    func read<Value: Sendable>(_ body: (MemoryTables) -> Value) throws(ClassroomError) -> Value {
        if committer.isClosed { throw .storeClosed }
        return target.read(body)
    }
}

/// Applies batches to the tables.
final class MemoryCommitTarget: CommitTarget, Sendable {
    private let tables = NIOLockedValueBox(MemoryTables())

    func read<Value: Sendable>(_ body: (MemoryTables) -> Value) -> Value { tables.withLockedValue { body($0) } }

    func commit(_ batch: [StoreWrite]) -> [Result<StoreWrite.Outcome, ClassroomError>] {
        let now = MachineClock.now
        return tables.withLockedValue { tables in
            batch.map { write in
                do throws(ClassroomError) { return .success(try tables.perform(write, now: now)) } catch { return .failure(error) }
            }
        }
    }
}
