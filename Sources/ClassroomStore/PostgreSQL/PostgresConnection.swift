import CPostgres

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One connection to a PostgreSQL server, through libpq. It belongs to one thread. It blocks that thread while the server works, but never
/// beyond a deadline.
///
/// Statements are pipelined: all are sent before the first result is read, so a batch costs one round trip. After a failure that
/// ``PostgresFailure/endsConnection`` the connection must be dropped.
final class PostgresConnection {
    private let handle: OpaquePointer
    /// The names of the prepared statements, by text.
    private var prepared: [String: String] = [:]
    private var preparedCount = 0
    /// The server whose life the connection shows to others; see ``PostgresStatements/showLife``.
    var shownOwner: String?

    /// Connects.
    /// - Parameter url: `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=…`, with all parameters that libpq knows.
    init(url: String, deadline: ContinuousClock.Instant) throws(PostgresFailure) {
        guard let handle = Self.start(url) else { throw PostgresFailure(.disconnected, "out of memory") }
        self.handle = handle
        // By default libpq writes notices to standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        var polling = PGRES_POLLING_WRITING
        while polling != PGRES_POLLING_OK {
            guard PQstatus(handle) != CONNECTION_BAD, polling != PGRES_POLLING_FAILED else { throw lost() }
            try wait(forReading: polling == PGRES_POLLING_READING, forWriting: polling == PGRES_POLLING_WRITING, until: deadline)
            polling = PQconnectPoll(handle)
        }
        guard PQsetnonblocking(handle, 1) == 0 else { throw lost() }
        try script(Self.settings, deadline: deadline)
    }

    deinit { PQfinish(handle) }

    /// Settings of every connection, whatever the server, the database or the URL say. Commits are synced, as acknowledgements promise. A
    /// process that was stopped within a transaction does not keep its locks.
    private static let settings = """
        set synchronous_commit = on;
        set default_transaction_isolation = 'read committed';
        set lock_timeout = '2s';
        set statement_timeout = '30s';
        set idle_in_transaction_session_timeout = '2s';
        """

    private static func start(_ url: String) -> OpaquePointer? {
        withStrings(["dbname", "fallback_application_name", "client_encoding"]) { keywords in
            withStrings([url, "dunlin", "UTF8"]) { values in PQconnectStartParams(keywords, values, 1) }
        }
    }

    private static func withStrings<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        PostgresQuery("", strings).withParameters(terminated: true) { _, pointers in body(pointers) }
    }

    /// The server's major version: 15 for 15.4.
    var serverVersion: Int { Int(PQserverVersion(handle)) / 10_000 }

    /// Whether the server has kept the connection open. Does not wait.
    var isAlive: Bool {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, 0) > 0 else { return PQstatus(handle) == CONNECTION_OK }
        return PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
    }

    // MARK: Statements

    /// Runs several statements without parameters, as one transaction unless they say otherwise.
    func script(_ sql: String, deadline: ContinuousClock.Instant) throws(PostgresFailure) {
        if PQpipelineStatus(handle) != PQ_PIPELINE_OFF, PQexitPipelineMode(handle) != 1 { throw lost() }
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        var failure: PostgresFailure?
        while let result = try nextResult(until: deadline) { failure = failure ?? result.failure }
        if let failure { throw failure }
    }

    /// Runs one statement.
    func run(_ query: PostgresQuery, deadline: ContinuousClock.Instant) throws(PostgresFailure) -> PostgresResult {
        let results = try run([query], deadline: deadline)
        guard let result = results.first else { throw PostgresFailure(.disconnected, "no result") }
        if let failure = result.failure { throw failure }
        return result
    }

    /// Sends all statements, then reads all results. If one fails, the later ones are skipped, and the caller must roll back the
    /// transaction that it began.
    /// - Returns: one result per statement; failures are results too.
    /// - Throws: only errors that end the connection.
    func run(_ queries: [PostgresQuery], deadline: ContinuousClock.Instant) throws(PostgresFailure) -> [PostgresResult] {
        if PQpipelineStatus(handle) == PQ_PIPELINE_OFF, PQenterPipelineMode(handle) != 1 { throw lost() }
        let preparations = try prepare(queries)
        for query in queries { try send(query) }
        guard PQpipelineSync(handle) == 1 else { throw lost() }

        // If a statement cannot be prepared, that failure is its result.
        var unprepared: [String: PostgresResult] = [:]
        for sql in preparations {
            let result = try results(until: deadline)
            guard result.failure != nil else { continue }
            prepared[sql] = nil
            unprepared[sql] = result
        }
        if !preparations.isEmpty { try synchronize(until: deadline) }
        var all: [PostgresResult] = []
        all.reserveCapacity(queries.count)
        for query in queries {
            let result = try results(until: deadline)
            all.append(unprepared[query.sql] ?? result)
        }
        try synchronize(until: deadline)
        return all
    }

    /// Prepares the statements that are new to this connection.
    private func prepare(_ queries: [PostgresQuery]) throws(PostgresFailure) -> [String] {
        var preparations: [String] = []
        for query in queries where prepared[query.sql] == nil {
            preparedCount += 1
            let name = "dunlin\(preparedCount)"
            prepared[query.sql] = name
            preparations.append(query.sql)
            guard PQsendPrepare(handle, name, query.sql, 0, nil) == 1 else { throw lost() }
        }
        if !preparations.isEmpty, PQpipelineSync(handle) != 1 { throw lost() }
        return preparations
    }

    private func send(_ query: PostgresQuery) throws(PostgresFailure) {
        guard let name = prepared[query.sql] else { throw PostgresFailure(.disconnected, "not prepared") }
        let isSent = query.withParameters { count, parameters in
            PQsendQueryPrepared(handle, name, count, parameters, nil, nil, 0) == 1
        }
        guard isSent else { throw lost() }
    }

    // MARK: Results

    /// The result of one statement of a pipeline.
    private func results(until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> PostgresResult {
        guard let result = try nextResult(until: deadline) else { throw lost() }
        if let failure = result.failure, failure.endsConnection { throw failure }
        while try nextResult(until: deadline) != nil {}
        return result
    }

    private func synchronize(until deadline: ContinuousClock.Instant) throws(PostgresFailure) {
        guard let result = try nextResult(until: deadline), result.isSynchronization else { throw lost() }
    }

    /// The next result of libpq, or nil after the statement's last one. It goes on sending meanwhile.
    private func nextResult(until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> PostgresResult? {
        while true {
            let unsent = PQflush(handle)
            guard unsent >= 0 else { throw lost() }
            guard unsent > 0 || PQisBusy(handle) == 1 else { break }
            try wait(forReading: true, forWriting: unsent > 0, until: deadline)
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
        let result = PQgetResult(handle).map(PostgresResult.init)
        guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
        return result
    }

    private func wait(forReading: Bool, forWriting: Bool, until deadline: ContinuousClock.Instant) throws(PostgresFailure) {
        while true {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0 else { throw PostgresFailure(.timedOut, "the database did not answer in time") }
            let events = (forReading ? POLLIN : 0) | (forWriting ? POLLOUT : 0)
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
            let ready = poll(&descriptor, 1, Int32(min(left.rounded(.up), 60_000)))
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else { throw lost() }
        }
    }

    private func lost() -> PostgresFailure { PostgresFailure(.disconnected, PostgresFailure.message(PQerrorMessage(handle))) }
}
