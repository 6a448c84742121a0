import ClassroomHTTP
import ClassroomLive
import ClassroomStore
import Logging
import ServiceLifecycle
import SocketIOServer

/// Closes the database when everything that writes to it has ended. The first of the services, so that it is the last to be shut down.
struct StoreService: Service {
    let store: any ClassroomStore
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        await store.close()
        if !Task.isCancelled { logger.info("database closed") }
    }
}

/// Begins the drain: readiness fails, no new work is taken, work in hand finishes, sessions are closed one after the other. The last of the
/// services, so that it is the first to be shut down. The listener stays open meanwhile, for `notice` at least, so that load balancers can see
/// `/readyz` fail.
struct DrainService: Service {
    let readiness: Readiness
    let runtime: ClassroomRuntime
    let io: SocketIO
    let notice: Duration
    let spread: DrainSpread
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        readiness.drain()
        // Cancelled: the server could not start, and its caller reports why.
        guard !Task.isCancelled else { return await runtime.drain() }
        logger.info("draining")
        async let noticed: Void? = try? Task.sleep(for: notice)
        await runtime.drain()
        _ = await noticed
        await io.closeSessions(over: spread.time(forSockets: io.statistics.connections))
    }
}
