import ArgumentParser
import ClassroomServer
import ClassroomStore
import Foundation
import Logging

/// The database option, for every command that needs the data.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "sqlite:PATH, postgres://USER:PASSWORD@HOST:PORT/NAME or memory: (default: sqlite:dunlin.sqlite).", valueName: "url"))
    var database: String?

    func url(_ environment: Environment) -> String {
        database ?? environment.string("database") ?? ClassroomConfiguration().database
    }

    /// Opens the store for `body` and closes it, so that all that was written is durable.
    /// - Parameter mustExist: without a database the command has nothing to do, and makes none.
    func withStore<Result>(
        _ environment: Environment, mustExist: Bool = false, _ body: (any ClassroomStore) async throws -> Result
    ) async throws -> Result {
        let url = url(environment)
        switch try DatabaseLocation(url: url) {
        case .memory: throw ValidationError("a database in memory ends with this command; name a file or a server with --database")
        case .sqlite(let path) where mustExist && !FileManager.default.fileExists(atPath: path):
            throw CommandFailure(.unavailable, "cannot open the database \(path): there is no such file")
        case .sqlite, .postgres: break
        }
        let store = try await openStore(url: url, logger: Logger(label: "dunlin"))
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
}
