import Foundation
import NIOConcurrencyHelpers
import Testing

@testable import ClassroomStore

/// A PostgreSQL server in a folder of its own, without a port. It ends with this process at the latest.
final class PostgresServer: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private struct Guard {
        let process: Process
        /// The guard ends the server when this is closed, as it is when this process ends.
        let life: Pipe
    }

    private let folder: String
    private let isSynced: Bool
    private let running = NIOLockedValueBox<Guard?>(nil)

    /// Makes the database's files and starts the server.
    /// - Parameter isSynced: commits survive a crash of the machine, as they have to outside tests.
    init(folder: String, isSynced: Bool) async throws {
        self.folder = folder
        self.isSynced = isSynced
        try await onThread("postgres") { [self] in
            try run(Self.creation, waitingFor: "created").process.waitUntilExit()
            try startNow()
        }
    }

    func start() async throws { try await onThread("postgres") { [self] in try startNow() } }

    /// As by `kill -9`, the server's own processes included. Returns when they are gone.
    func kill() async throws { try await onThread("postgres") { [self] in endNow("kill") } }

    func end() async { try? await onThread("postgres") { [self] in endNow("quit") } }

    private func startNow() throws {
        let guardian = try run(Self.service, waitingFor: "ready to accept connections")
        running.withLockedValue { $0 = guardian }
    }

    private func endNow(_ how: String) {
        guard
            let guardian = running.withLockedValue({ guardian in
                defer { guardian = nil }
                return guardian
            })
        else { return }
        try? guardian.life.fileHandleForWriting.write(contentsOf: Data("\(how)\n".utf8))
        try? guardian.life.fileHandleForWriting.close()
        guardian.process.waitUntilExit()
    }

    private func run(_ script: String, waitingFor words: String) throws -> Guard {
        let (process, life, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", Self.prelude + script, "postgres", try Self.programs(), folder, isSynced ? "on" : "off"]
        process.standardInput = life
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try life.fileHandleForReading.close()
        var log = ""
        while !log.contains(words) {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Missing(description: "PostgreSQL did not start: \(log)") }
            log += String(decoding: data, as: UTF8.self)
        }
        // Whoever writes must not wait for a reader.
        output.fileHandleForReading.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } }
        return Guard(process: process, life: life)
    }

    /// PostgreSQL refuses to run as root.
    private static let prelude = """
        programs=$1 folder=$2 synced=$3 become=()
        if [ "$(id -u)" = 0 ]; then become=(setpriv --reuid=postgres --regid=postgres --clear-groups); fi

        """

    private static let creation = """
        mkdir -m 700 "$folder"
        if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
        cd "$folder"
        "${become[@]}" "$programs/initdb" -N -A trust -U postgres -E UTF8 --locale=C.UTF-8 -D data </dev/null && echo created
        """

    private static let service = """
        cd "$folder"
        "${become[@]}" "$programs/postgres" -D data -k "$folder" -c listen_addresses= -c fsync="$synced" -c max_connections=200 \\
            -c shared_buffers=32MB -c timezone=UTC </dev/null 2>&1 &
        server=$!
        read -r how
        if [ "$how" = kill ]; then kill -KILL $(cat /proc/$server/task/$server/children) $server; else kill -QUIT $server; fi
        wait $server
        if [ -z "$how" ]; then rm -rf "$folder"; fi
        """

    private static func programs() throws -> String {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let installed = versions.sorted { $0.compare($1, options: .numeric) == .orderedDescending }.map { "/usr/lib/postgresql/\($0)/bin" }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        guard let programs = (installed + path).first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/postgres") }) else {
            throw Missing(description: "PostgreSQL is not installed: scripts/install-dependencies.sh test")
        }
        return programs
    }

    // MARK: The server of all tests

    private static let shared = NIOLockedValueBox<Task<PostgresServer, any Error>?>(nil)

    /// One for the whole process, started by whoever asks first. Its folder goes when the process ends.
    static func shared() async throws -> PostgresServer {
        let task = shared.withLockedValue { shared in
            let task =
                shared
                ?? Task {
                    let name = "postgres-\(UUID().uuidString.prefix(8))"
                    return try await PostgresServer(
                        folder: FileManager.default.temporaryDirectory.appendingPathComponent(name).path, isSynced: false)
                }
            shared = task
            return task
        }
        return try await task.value
    }

    // MARK: Databases

    func url(parameters: String = "") -> String { "postgres://postgres@/postgres?host=\(folder)\(parameters)" }

    /// Runs a body with the URL of an empty schema, which is gone afterwards.
    func withSchema(_ body: (String) async throws -> Void) async throws {
        let schema = "t\(UUID().uuidString.prefix(8).lowercased())"
        try await execute("create schema \(schema)")
        do {
            try await body(url(parameters: "&options=-csearch_path%3D\(schema)"))
            try await execute("drop schema \(schema) cascade")
        } catch {
            try? await execute("drop schema \(schema) cascade")
            throw error
        }
    }

    func execute(_ sql: String) async throws { try await PostgresOutsider(url: url()).execute(sql) }
}

/// Another program's connection to the same database.
struct PostgresOutsider: Sendable {
    let url: String

    func execute(_ sql: String) async throws { try await connected { try $0.script(sql, deadline: $1) } }

    /// The rows of a query, each as JSON.
    func rows(_ sql: String, _ parameters: [String] = []) async throws -> [String?] {
        try await connected { connection, deadline in
            let query = PostgresQuery("select row_to_json(q)::text as row from (\(sql)) q", parameters)
            return try connection.run(query, deadline: deadline).rows.map { $0.text("row") }
        }
    }

    private func connected<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection, ContinuousClock.Instant) throws -> Value
    ) async throws -> Value {
        try await onThread("outsider") { [url] in
            let deadline = ContinuousClock.now + .seconds(120)
            return try body(try PostgresConnection(url: url, deadline: deadline), deadline)
        }
    }
}

/// Runs a body with an empty PostgreSQL store and a connection of another program to the same tables.
func withPostgresStore(
    configuration: StoreConfiguration = .patient, _ body: (PostgresStore, PostgresOutsider) async throws -> Void
) async throws {
    try await PostgresServer.shared().withSchema { url in
        let store = try await PostgresStore(url: url, configuration: configuration, logger: .silent)
        do {
            try await body(store, PostgresOutsider(url: url))
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }
}
