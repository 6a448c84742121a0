import Classroom
import Logging

/// Performs batches on the writing connection: one transaction and one round trip each. Belongs to the writer's thread.
///
/// A transaction of PostgreSQL ends with its first error. So writes are written such that a rule's refusal is no error. If a statement
/// fails all the same, the batch is repeated with a savepoint for each write. When the connection breaks, nobody knows whether the
/// transaction was committed: the batch is repeated on another connection, where each write recognises what is stored already.
final class PostgresWriter: CommitTarget {
    private let timeout: Duration
    private let logger: Logger
    private var line: PostgresLine
    /// Whether the last batch found no database. The next batches wait for it more briefly, so that writes behind them fail in time too.
    private var isSuspect = false
    /// The server that asks for leases through this writer.
    private var owner: String?

    init(connector: PostgresConnector, timeout: Duration, logger: Logger) {
        line = PostgresLine(connector)
        self.timeout = timeout
        self.logger = logger
    }

    func commit(_ batch: [StoreWrite]) throws(ClassroomError) -> [Result<StoreWrite.Outcome, ClassroomError>] {
        let deadline = ContinuousClock.now + (isSuspect ? timeout / 4 : timeout)
        var isRetry = false
        while true {
            do throws(PostgresFailure) {
                let connection = try line.open(until: deadline)
                defer { isRetry = true }
                try showLife(of: batch, on: connection, until: deadline)
                let outcomes: [Result<StoreWrite.Outcome, ClassroomError>]
                if let all = try pipelined(batch, on: connection, isRetry, until: deadline) {
                    outcomes = all
                } else {
                    outcomes = try oneByOne(batch, on: connection, isRetry, until: deadline)
                }
                isSuspect = false
                return outcomes
            } catch {
                if error.endsConnection { line.drop(isLost: true) }
                guard error.isWorthAnotherTry, ContinuousClock.now < deadline else {
                    isSuspect = error.endsConnection
                    throw error.refusal(logger: logger)
                }
            }
        }
    }

    /// Shows to other servers that this process lives, by a lock that ends with the connection. It is taken outside of a transaction: nobody
    /// waits for it while holding other locks.
    private func showLife(
        of batch: [StoreWrite], on connection: PostgresConnection, until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        owner = batch.lazy.compactMap(\.leaseOwner).first ?? owner
        guard let owner, connection.shownOwner != owner else { return }
        // If it cannot be had, the next batch tries again: until then the leases' own ends count.
        let isShown = try connection.run(PostgresQuery(PostgresStatements.showLife, [owner]), deadline: deadline).failure == nil
        if isShown { connection.shownOwner = owner }
    }

    func finish() { line.drop(isLost: false) }

    private static let begin = PostgresQuery("begin")
    private static let commit = PostgresQuery("commit")
    private static let rollback = PostgresQuery("rollback")

    /// Sends all writes in one pipeline. Returns nil, with nothing written, if a statement failed that may be the only faulty one.
    private func pipelined(
        _ batch: [StoreWrite], on connection: PostgresConnection, _ isRetry: Bool, until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> [Result<StoreWrite.Outcome, ClassroomError>]? {
        var queries = [Self.begin]
        if let locks = PostgresLock.all(of: batch) { queries.append(locks) }
        let prelude = queries.count
        let counts = batch.map { write in
            let own = write.postgresQueries(isRetry: isRetry)
            queries += own
            return own.count
        }
        queries.append(Self.commit)
        let results = try connection.run(queries, deadline: deadline)
        if let failure = results.lazy.compactMap(\.failure).first {
            _ = try connection.run(Self.rollback, deadline: deadline)
            guard failure.isStatementsOwn else { throw failure }
            return nil
        }
        var position = prelude
        var secondLooks: [Int] = []
        var outcomes = zip(batch.indices, counts).map { index, count in
            defer { position += count }
            let own = results[position..<position + count]
            if batch[index].needsSecondLook(own) { secondLooks.append(index) }
            return Self.outcome(of: batch[index], own, isRetry)
        }
        try lookAgain(secondLooks.map { ($0, batch[$0]) }, on: connection, isRetry, into: &outcomes, until: deadline)
        return outcomes
    }

    private func lookAgain(
        _ writes: [(Int, StoreWrite)], on connection: PostgresConnection, _ isRetry: Bool,
        into outcomes: inout [Result<StoreWrite.Outcome, ClassroomError>], until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        for (index, write) in writes {
            let results = try connection.run(write.postgresQueries(isRetry: isRetry), deadline: deadline)
            if let failure = results.lazy.compactMap(\.failure).first { throw failure }
            outcomes[index] = Self.outcome(of: write, results[...], isRetry)
        }
    }

    /// Performs each write within a savepoint, so that a failed one does not affect the others. This costs a round trip per write, but is
    /// rare.
    private func oneByOne(
        _ batch: [StoreWrite], on connection: PostgresConnection, _ isRetry: Bool, until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> [Result<StoreWrite.Outcome, ClassroomError>] {
        var outcomes: [Result<StoreWrite.Outcome, ClassroomError>] = []
        do throws(PostgresFailure) {
            for query in [Self.begin, PostgresLock.all(of: batch)].compactMap({ $0 }) { _ = try connection.run(query, deadline: deadline) }
            for write in batch {
                let queries = [PostgresQuery("savepoint write")] + write.postgresQueries(isRetry: isRetry)
                let results = try connection.run(queries + [PostgresQuery("release savepoint write")], deadline: deadline)
                if let failure = results.lazy.compactMap(\.failure).first {
                    guard failure.isStatementsOwn else { throw failure }
                    _ = try connection.run(PostgresQuery("rollback to savepoint write"), deadline: deadline)
                    outcomes.append(.failure(refusal(failure, of: write)))
                } else {
                    outcomes.append(Self.outcome(of: write, results[1..<queries.count], isRetry))
                }
            }
            let end = try connection.run(Self.commit, deadline: deadline)
            guard end.commandTag == "COMMIT" else { throw PostgresFailure(.refused("40000"), "the transaction was rolled back") }
            return outcomes
        } catch {
            if !error.endsConnection { _ = try connection.run(Self.rollback, deadline: deadline) }
            throw error
        }
    }

    private func refusal(_ failure: PostgresFailure, of write: StoreWrite) -> ClassroomError {
        switch write {
        // Two servers chose the same code at the same time.
        case .createSession where failure.isUniqueViolation, .updateSession where failure.isUniqueViolation: .joinCodeInUse
        default: failure.refusal(logger: logger)
        }
    }

    private static func outcome(
        of write: StoreWrite, _ results: ArraySlice<PostgresResult>, _ isRetry: Bool
    ) -> Result<StoreWrite.Outcome, ClassroomError> {
        do throws(ClassroomError) { return .success(try write.postgresOutcome(results, isRetry: isRetry)) } catch { return .failure(error) }
    }
}
