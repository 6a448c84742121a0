import ClassroomStore
import Logging

/// The backends that have to pass the contract.
enum Backend: CaseIterable, Sendable {
    case memory, sqlite

    /// Runs the body with an empty store, which is closed afterwards.
    func withStore(configuration: StoreConfiguration = .init(), _ body: (any ClassroomStore) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let url =
                switch self {
                case .memory: "memory:"
                case .sqlite: "sqlite:\(directory)/test.sqlite"
                }
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
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
