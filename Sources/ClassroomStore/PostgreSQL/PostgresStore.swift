public import Classroom
import CPostgres
public import Logging

/// A PostgreSQL database that any number of servers share.
///
/// A write whose completion has run survives a crash of this process and of the database server (`synchronous_commit = on`). All writes
/// of a server go through one thread that commits in groups; reads have threads and connections of their own. No event loop and no task of the
/// cooperative pool ever waits for the network.
public final class PostgresStore: ClassroomStore {
    private let connector: PostgresConnector
    private let committer: GroupCommitter
    private let readers: PostgresReaders
    let defaultSettings: SessionSettings

    /// Connects, and creates or completes the tables. Several servers may do this at the same time.
    /// - Parameter url: `postgres://USER:PASSWORD@HOST:PORT/NAME`, with the parameters of libpq (`?sslmode=verify-full&…`).
    public init(url: String, configuration: StoreConfiguration = .init(), logger: Logger) async throws(StoreError) {
        guard Self.isPasswordEscaped(url) else {
            throw StoreError(.invalidURL, "not a database URL: '@' and '/' within the user's name or password are written %40 and %2F")
        }
        guard Self.isURL(url) else { throw StoreError(.invalidURL, "not a database URL: PostgreSQL cannot read it") }
        let connector = PostgresConnector(url: url, configuration: configuration.pool, logger: logger)
        do {
            try await onThread("dunlin-pg-open") {
                let deadline = ContinuousClock.now + configuration.pool.migrationTimeout
                let connection = try connector.open(until: deadline)
                defer { connector.closed(isLost: false) }
                try PostgresSchema.migrate(connection, deadline: deadline)
            }
        } catch let error as PostgresFailure {
            throw StoreError(.unopenable, "cannot open the database \(Self.address(url)): \(error.message)")
        } catch let error as PostgresSchema.NewerSchema {
            throw StoreError(
                .unopenable, "cannot open the database \(Self.address(url)): a newer version made it (tables of version \(error.version))")
        } catch {
            throw StoreError(.unopenable, "cannot open the database \(Self.address(url)): \(type(of: error))")
        }
        self.connector = connector
        defaultSettings = configuration.defaultSettings
        committer = GroupCommitter(configuration: configuration, name: "dunlin-pg-write") {
            PostgresWriter(connector: connector, timeout: configuration.busyTimeout, logger: logger)
        }
        readers = PostgresReaders(connector: connector, configuration: configuration.pool, logger: logger)
    }

    deinit {
        committer.stop()
        readers.stop()
    }

    public var isShared: Bool { true }

    public var statistics: CommitStatistics { committer.statistics }

    public var pool: PoolStatistics? {
        var statistics = connector.statistics
        statistics.queuedReads = readers.queued
        return statistics
    }

    /// Checks that all tables are there and can be read, and that a write is committed.
    public func health() async throws {
        let missing = try await readers.read { reading in
            let names = try reading.rows(
                "select value from json_array_elements_text($1::json) value where to_regclass(value) is null limit 1",
                [JSONText.text(PostgresSchema.tables)])
            return names.firstRow?.text("value")
        }
        if let missing { throw ClassroomError(.unavailable, "The database's table \(missing) is gone") }
        try await perform(.probe)
    }

    public func unsafeSettings() async throws -> [String] {
        try await readers.read { reading in
            let off = try reading.rows(
                "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off' order by name")
            return off.rows.compactMap { $0.text("name") }
        }
    }

    public func close() async {
        await committer.close()
        await readers.close()
    }

    public func perform(_ write: StoreWrite, completion: @escaping @Sendable (Result<StoreWrite.Outcome, ClassroomError>) -> Void) {
        committer.enqueue(write, completion: completion)
    }

    // MARK: - For the extensions

    /// Reads on a connection of its own.
    func read<Value: Sendable>(_ body: @escaping @Sendable (PostgresReading) throws -> Value) async throws -> Value {
        try await readers.read(body)
    }

    // MARK: - URLs

    /// False: what follows an `@` or a slash within the password would be read as the host or the name of the database, which messages name.
    private static func isPasswordEscaped(_ url: String) -> Bool {
        guard let start = url.firstRange(of: "://") else { return true }
        let rest = url[start.upperBound...].prefix { $0 != "?" }
        let signs = rest.indices.filter { rest[$0] == "@" }
        guard let sign = signs.first else { return true }
        return signs.count == 1 && !rest[..<sign].contains("/")
    }

    private static func isURL(_ url: String) -> Bool {
        // libpq's own message may repeat a part of a password that is not escaped.
        guard let options = PQconninfoParse(url, nil) else { return false }
        PQconninfoFree(options)
        return true
    }

    /// Host, port and name, without the user and without secrets.
    static func address(_ url: String) -> String {
        var values: [String: String] = [:]
        guard let options = PQconninfoParse(url, nil) else { return "PostgreSQL" }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        let host = values["host"] ?? values["hostaddr"] ?? "localhost"
        let port = values["port"].map { ":\($0)" } ?? ""
        return "\(host)\(port)/\(values["dbname"] ?? values["user"] ?? "")"
    }
}
