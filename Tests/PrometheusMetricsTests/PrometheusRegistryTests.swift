import CoreMetrics
import PrometheusMetrics
import Testing

@Suite("Prometheus registry")
struct PrometheusRegistryTests {
    private func value(_ series: String, in registry: PrometheusRegistry) -> String? {
        registry.render().split(separator: "\n").first { $0.hasPrefix(series + " ") }.map { String($0.dropFirst(series.count + 1)) }
    }

    @Test("the last series within the limit is kept, the next one is discarded and counted")
    func seriesLimit() {
        let registry = PrometheusRegistry(maximumSeries: 3)
        for index in 1...4 { Counter(label: "c", dimensions: [("n", "\(index)")], factory: registry).increment() }
        #expect(value("c_total{n=\"3\"}", in: registry) == "1")
        #expect(value("c_total{n=\"4\"}", in: registry) == nil)
        #expect(value("metrics_series_discarded_total", in: registry) == "1")
    }

    @Test("ten thousand label values leave a constant number of series")
    func manyLabels() {
        let registry = PrometheusRegistry(maximumSeries: 50)
        for index in 0..<10_000 { Counter(label: "paths", dimensions: [("path", "/\(index)")], factory: registry).increment() }
        #expect(registry.render().split(separator: "\n").filter { $0.hasPrefix("paths_total") }.count == 50)
    }

    @Test("a series that exists is found again when there is no room for others")
    func existingSeriesWhenFull() {
        let registry = PrometheusRegistry(maximumSeries: 1)
        for _ in 0..<2 { Counter(label: "c", factory: registry).increment() }
        Counter(label: "d", factory: registry).increment()
        #expect(value("c_total", in: registry) == "2")
    }

    @Test("a name keeps the kind that it was made as")
    func oneKindAName() {
        let registry = PrometheusRegistry()
        Gauge(label: "thing", factory: registry).record(4)
        Recorder(label: "thing", dimensions: [], aggregate: true, factory: registry).record(9)
        #expect(value("thing", in: registry) == "4")
        #expect(value("thing_count", in: registry) == nil)
        #expect(value("metrics_series_discarded_total", in: registry) == "1")
    }

    @Test("a destroyed metric leaves the text and makes room")
    func destroyed() {
        let registry = PrometheusRegistry(maximumSeries: 1)
        let counter = Counter(label: "c", factory: registry)
        counter.increment()
        counter.destroy()
        #expect(value("c_total", in: registry) == nil)
        Counter(label: "d", factory: registry).increment()
        #expect(value("d_total", in: registry) == "1")
    }

    @Test("a counter never falls, but may be reset")
    func counterNeverFalls() {
        let registry = PrometheusRegistry()
        let counter = Counter(label: "c", factory: registry)
        counter.increment(by: 5)
        counter.increment(by: -3)
        #expect(value("c_total", in: registry) == "5")
        counter.reset()
        #expect(value("c_total", in: registry) == "0")
    }

    @Test("a counter of fractions ignores what is not a number")
    func fractions() {
        let registry = PrometheusRegistry()
        let counter = FloatingPointCounter(label: "f", factory: registry)
        for amount in [0.5, 0.25, .nan, -1, .infinity] { counter.increment(by: amount) }
        #expect(value("f_total", in: registry) == "0.75")
    }

    @Test("no record of many tasks is lost")
    func concurrentRecords() async {
        let registry = PrometheusRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = Counter(label: "c", factory: registry)
                    let recorder = Recorder(label: "r", factory: registry)
                    for _ in 0..<1_000 {
                        counter.increment()
                        recorder.record(2)
                    }
                }
            }
        }
        #expect(value("c_total", in: registry) == "8000")
        #expect(value("r_count", in: registry) == "8000")
        #expect(value("r_sum", in: registry) == "16000")
    }
}
