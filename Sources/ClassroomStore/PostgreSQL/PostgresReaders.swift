import Classroom
import DequeModule
import Dispatch
import Foundation
import Logging
import NIOConcurrencyHelpers

/// A connection, and the deadline of its statements.
struct PostgresReading {
    let connection: PostgresConnection
    let deadline: ContinuousClock.Instant

    func rows(_ sql: String, _ parameters: [(any PostgresParameter)?] = []) throws(PostgresFailure) -> PostgresResult {
        try connection.run(PostgresQuery(sql, parameters), deadline: deadline)
    }
}

/// The connections for reads. Each of a few threads has one and takes reads from a bounded queue.
///
/// A read that finds its connection broken is repeated on another one. A read that does not succeed in time fails.
final class PostgresReaders: Sendable {
    private struct Job: Sendable {
        let deadline: ContinuousClock.Instant
        let run: @Sendable (PostgresReading) throws -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var jobs: Deque<Job> = []
        var isClosed = false
        var threads: Int
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    private let connector: PostgresConnector
    private let configuration: PoolConfiguration
    private let logger: Logger
    private let state: NIOLockedValueBox<State>
    private let wakeUp = DispatchSemaphore(value: 0)

    init(connector: PostgresConnector, configuration: PoolConfiguration, logger: Logger) {
        self.connector = connector
        self.configuration = configuration
        self.logger = logger
        state = NIOLockedValueBox(State(threads: configuration.readers))
        for number in 0..<configuration.readers {
            let thread = Thread { [self] in work() }
            thread.name = "dunlin-pg-read\(number)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    var queued: Int { state.withLockedValue { $0.jobs.count } }

    /// Reads on one of the connections.
    /// - Throws: `ClassroomError` if the read fails or does not finish in time.
    func read<Value: Sendable>(_ body: @escaping @Sendable (PostgresReading) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            enqueue(
                Job(
                    deadline: .now + configuration.readTimeout, run: { continuation.resume(returning: try body($0)) },
                    fail: { continuation.resume(throwing: $0) }))
        }
    }

    private func enqueue(_ job: Job) {
        let refusal = state.withLockedValue { state -> ClassroomError? in
            if state.isClosed { return .storeClosed }
            guard state.jobs.count < configuration.maximumQueuedReads else { return .storeOverloaded }
            state.jobs.append(job)
            return nil
        }
        guard let refusal else {
            wakeUp.signal()
            return
        }
        if refusal == .storeOverloaded { connector.count { $0.refusedReads += 1 } }
        job.fail(refusal)
    }

    /// Refuses further reads. Waiting reads are carried out, then the threads end. Returns when they have ended.
    func close() async {
        stop()
        await withCheckedContinuation { continuation in
            let isOver = state.withLockedValue { state in
                if state.threads > 0 { state.closing.append(continuation) }
                return state.threads == 0
            }
            if isOver { continuation.resume() }
        }
    }

    /// ``close()`` without the wait.
    func stop() {
        let isFirst = state.withLockedValue { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if isFirst { for _ in 0..<configuration.readers { wakeUp.signal() } }
    }

    // MARK: Threads

    private func work() {
        var line = PostgresLine(connector)
        while true {
            wakeUp.wait()
            // Signalled once per job, and once per thread when the queue is closed.
            guard let job = state.withLockedValue({ $0.jobs.popFirst() }) else { break }
            perform(job, &line)
        }
        line.drop(isLost: false)
        let closing = state.withLockedValue { state in
            state.threads -= 1
            guard state.threads == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closing = [] }
            return state.closing
        }
        for continuation in closing { continuation.resume() }
    }

    private func perform(_ job: Job, _ line: inout PostgresLine) {
        while true {
            do {
                let connection = try line.open(until: job.deadline)
                try job.run(PostgresReading(connection: connection, deadline: job.deadline))
                connector.count { $0.reads += 1 }
                return
            } catch let failure as PostgresFailure {
                if failure.endsConnection { line.drop(isLost: true) }
                if failure.isWorthAnotherTry, ContinuousClock.now < job.deadline, !isClosed { continue }
                if failure.endsConnection { connector.count { $0.timedOutReads += 1 } }
                return job.fail(failure.refusal(logger: logger))
            } catch {
                return job.fail(error)
            }
        }
    }

    private var isClosed: Bool { state.withLockedValue { $0.isClosed } }
}

/// Runs a blocking body on its own thread.
func onThread<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try body() }) }
        thread.name = name
        thread.start()
    }
}
