import ArgumentParser
import ClassroomServer
import ClassroomStore
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
    func withStore<Result>(_ environment: Environment, _ body: (any ClassroomStore) async throws -> Result) async throws -> Result {
        let store = try await openStore(url: url(environment), logger: Logger(label: "dunlin"))
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
