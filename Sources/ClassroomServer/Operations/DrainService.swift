import Logging
import ServiceLifecycle

/// Begins the drain: readiness fails, no new work is taken, work in hand finishes. The last of the services, so that it is the first to be
/// shut down and the listener stays open meanwhile.
struct DrainService: Service {
    let readiness: Readiness
    let runtime: ClassroomRuntime
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        readiness.drain()
        // Cancelled: the server could not start, and whoever started it says why.
        if !Task.isCancelled { logger.info("draining") }
        await runtime.drain()
    }
}
