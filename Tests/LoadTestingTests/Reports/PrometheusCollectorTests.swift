import PrometheusMetrics
import Testing

@testable import LoadTesting

@Suite("Prometheus metrics of a load test")
struct PrometheusCollectorTests {
    @Test("counters, times and users at work are shown with their names as labels")
    func exposition() {
        let catalog = MetricCatalog()
        var measurements = Measurements(catalog: catalog)
        measurements.count(Metric.emits.id, by: 5)
        measurements.record(Metric.responseTime.id, nanoseconds: 2_000_000)
        measurements.count(named: "errors.a \"b\"\nc")
        let registry = PrometheusRegistry()
        let taken = measurements.take()
        registry.addCollector { PrometheusCollector.write(taken, catalog: catalog, activeUsers: 3, to: &$0) }
        let text = registry.render()
        #expect(text.contains("dunlin_load_vusers_active 3"))
        #expect(text.contains("dunlin_load_events_total{metric=\"socketio.emit\"} 5"))
        #expect(text.contains("dunlin_load_events_total{metric=\"errors.a \\\"b\\\"\\nc\"} 1"))
        #expect(text.contains("dunlin_load_time_seconds{metric=\"socketio.response_time\",percentile=\"99\"} 0.002"))
        #expect(text.contains("dunlin_load_time_samples_total{metric=\"socketio.response_time\"} 1"))
    }
}
