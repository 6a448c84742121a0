import ClassroomStore
import Logging

/// The backends that have to pass the contract.
enum Backend: CaseIterable, Sendable {
    case memory, sqlite, postgres

    /// Those that several servers can work on at once.
    static let shared: [Backend] = [.sqlite, .postgres]

    /// Runs the body with an empty store, which is closed afterwards.
    func withStore(configuration: StoreConfiguration = .patient, _ body: (any ClassroomStore) async throws -> Void) async throws {
        try await withURL { url in try await Self.withStore(at: url, configuration, body) }
    }

    /// Runs the body with two stores on the same empty database.
    func withTwoStores(_ body: (any ClassroomStore, any ClassroomStore) async throws -> Void) async throws {
        try await withURL { url in
            try await Self.withStore(at: url, .patient) { first in
                try await Self.withStore(at: url, .patient) { second in try await body(first, second) }
            }
        }
    }

    private func withURL(_ body: (String) async throws -> Void) async throws {
        switch self {
        case .memory: try await body("memory:")
        case .sqlite: try await withTemporaryDirectory { directory in try await body("sqlite:\(directory)/test.sqlite") }
        case .postgres: try await PostgresServer.shared().withSchema(body)
        }
    }

    private static func withStore(
        at url: String, _ configuration: StoreConfiguration, _ body: (any ClassroomStore) async throws -> Void
    ) async throws {
        let store = try await openStore(url: url, configuration: configuration, logger: .silent)
        do {
            try await body(store)
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension StoreConfiguration {
    /// Times longer than any machine needs: a test that is about a time sets its own.
    static var patient: StoreConfiguration {
        var configuration = StoreConfiguration()
        configuration.maximumWriteWait = .seconds(120)
        configuration.busyTimeout = .seconds(120)
        configuration.pool.readTimeout = .seconds(120)
        configuration.pool.connectTimeout = .seconds(120)
        return configuration
    }
}
