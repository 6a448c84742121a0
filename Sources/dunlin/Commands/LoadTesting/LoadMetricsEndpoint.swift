import Hummingbird
import LoadTesting
import Logging
import PrometheusMetrics
import Synchronization

/// `/metrics` of a running load test.
final class LoadMetricsEndpoint: Sendable {
    private let port: Int
    private let registry = PrometheusRegistry()
    private let latest = Mutex<(measurements: Measurements, catalog: MetricCatalog, activeUsers: Int)?>(nil)

    init(port: Int) {
        self.port = port
        self.registry.addCollector { [weak self] writer in
            guard let latest = self?.latest.withLock({ $0 }) else { return }
            PrometheusCollector.write(latest.measurements, catalog: latest.catalog, activeUsers: latest.activeUsers, to: &writer)
        }
    }

    func show(_ measurements: Measurements, catalog: MetricCatalog, activeUsers: Int) {
        self.latest.withLock { $0 = (measurements, catalog, activeUsers) }
    }

    /// Serves while the body runs.
    func serve(_ body: @escaping @Sendable () async throws -> RunReport) async throws -> RunReport {
        let router = Router()
        router.get("/metrics") { [registry] _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: registry.render())))
        }
        // The run's own output is on standard error.
        var logger = Logger(label: "dunlin")
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: self.port)), logger: logger)
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
