import Hummingbird
import LoadTesting
import Logging
import PrometheusMetrics
import Synchronization

/// The metrics of a running load test for Prometheus: served at `/metrics`, or handed to a push gateway.
final class LoadMetrics: Sendable {
    private let port: Int?
    private let gateway: PushGateway?
    private let registry = PrometheusRegistry()
    private let latest = Mutex<(measurements: Measurements, catalog: MetricCatalog, activeUsers: Int)?>(nil)
    private let hasComplained = Mutex(false)

    init(port: Int?, gateway: PushGateway?) {
        self.port = port
        self.gateway = gateway
        registry.addCollector { [weak self] writer in
            guard let latest = self?.latest.withLock({ $0 }) else { return }
            PrometheusCollector.write(latest.measurements, catalog: latest.catalog, activeUsers: latest.activeUsers, to: &writer)
        }
    }

    func show(_ measurements: Measurements, catalog: MetricCatalog, activeUsers: Int) {
        latest.withLock { $0 = (measurements, catalog, activeUsers) }
        if gateway != nil { Task { await self.push() } }
    }

    /// Pushes the metrics. A gateway that is away does not end the run; its first failure is reported.
    private func push() async {
        do {
            try await gateway?.push(registry.render())
        } catch {
            let isFirst = self.hasComplained.withLock { hasComplained in
                defer { hasComplained = true }
                return !hasComplained
            }
            if isFirst { Terminal.error("dunlin: \(error)") }
        }
    }

    /// Shows the metrics while the body runs, and pushes them once more after it.
    func during(_ body: @escaping @Sendable () async throws -> RunReport) async throws -> RunReport {
        let report = if let port { try await self.serve(on: port, body) } else { try await body() }
        // The gateway keeps the last figures.
        await push()
        gateway?.close()
        return report
    }

    private func serve(on port: Int, _ body: @escaping @Sendable () async throws -> RunReport) async throws -> RunReport {
        let router = Router()
        router.get("/metrics") { [registry] _, _ in
            Response(
                status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
                body: .init(byteBuffer: ByteBuffer(string: registry.render())))
        }
        // The run's own output is on standard error.
        var logger = Logger(label: "dunlin")
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)), logger: logger)
        return try await withThrowingTaskGroup(of: RunReport?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let report = try await group.next() {
                if let report { return report }
            }
            throw CommandFailure(.software, "the metrics server ended before the run")
        }
    }
}
