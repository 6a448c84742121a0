import ClassroomStore
import Logging
import ServiceLifecycle

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
