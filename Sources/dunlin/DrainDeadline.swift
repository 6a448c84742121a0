import Logging
import ServiceLifecycle

/// Ends the process when a drain takes too long. What was acknowledged is in the database by then; the rest was never promised.
struct DrainDeadline: Service {
    static let limit: Duration = .seconds(29)

    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        guard !Task.isCancelled else { return }
        // Not a child: the drain must not wait for its own deadline.
        Task.detached { [logger] in
            try? await Task.sleep(for: Self.limit)
            logger.error("the drain took too long, ending now")
            Terminal.end(status: 0)
        }
    }
}
