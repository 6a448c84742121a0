import ArgumentParser
import Logging

/// How much is logged. Logs go to standard error.
struct LoggingOptions: ParsableArguments {
    @Option(help: "trace, debug, info, notice, warning, error or critical (default: info).")
    var logLevel: String?

    func level(_ environment: Environment) throws -> Logger.Level {
        guard let name = logLevel ?? environment.string("log-level") else { return .info }
        guard let level = Logger.Level(rawValue: name.lowercased()) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("not a log level: '\(name)' (\(known))")
        }
        return level
    }

    /// Call it once, before the first logger is made.
    func bootstrap(_ environment: Environment) throws {
        let level = try level(environment)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
    }
}
