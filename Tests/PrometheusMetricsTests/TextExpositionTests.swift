import CoreMetrics
import PrometheusMetrics
import Testing

@Suite("Prometheus text")
struct TextExpositionTests {
    private let registry = PrometheusRegistry()

    private func lines(_ prefix: String) -> [String] {
        registry.render().split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }

    @Test("a counter has its type, its help and a name that ends in _total")
    func counter() {
        Counter(label: "dunlin.handshakes", factory: registry).increment(by: 3)
        registry.describe("dunlin_handshakes_total", "Handshakes\nby \\ result")
        #expect(
            registry.render().hasPrefix(
                """
                # HELP dunlin_handshakes_total Handshakes\\nby \\\\ result
                # TYPE dunlin_handshakes_total counter
                dunlin_handshakes_total 3

                """))
    }

    @Test("label values are escaped, and a line feed after a carriage return too")
    func labelEscapes() {
        Counter(label: "c", dimensions: [("path", "a\"b\\c\nd\r\ne")], factory: registry).increment()
        #expect(lines("c_total") == ["c_total{path=\"a\\\"b\\\\c\\nd\r\\ne\"} 1"])
    }

    @Test("names hold only what the format allows")
    func names() {
        Counter(label: "9 lives-ünter.way", dimensions: [("__x", "1"), ("le", "2"), ("a b", "3")], factory: registry).increment()
        #expect(lines("_9") == ["_9_lives__nter_way_total{a_b=\"3\",label___x=\"1\",label_le=\"2\"} 1"])
    }

    @Test("two orders of the same dimensions are one series")
    func dimensionOrder() {
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(lines("c_total") == ["c_total{a=\"1\",b=\"2\"} 2"])
    }

    @Test("a timer is a cumulative histogram in seconds")
    func timer() {
        let registry = PrometheusRegistry(timerBuckets: HistogramBuckets([0.1, 0.01, .infinity]))
        let timer = Timer(label: "ack", dimensions: [("event", "answer")], factory: registry)
        for milliseconds in [5, 10, 50, 2_000] { timer.recordMilliseconds(milliseconds) }
        #expect(
            registry.render().hasPrefix(
                """
                # TYPE ack_seconds histogram
                ack_seconds_bucket{event="answer",le="0.01"} 2
                ack_seconds_bucket{event="answer",le="0.1"} 3
                ack_seconds_bucket{event="answer",le="+Inf"} 4
                ack_seconds_sum{event="answer"} 2.065
                ack_seconds_count{event="answer"} 4

                """))
    }

    @Test("a recorder that aggregates is a histogram, one that does not is a gauge")
    func recorders() {
        Recorder(label: "batch", factory: registry).record(3)
        Recorder(label: "depth", dimensions: [], aggregate: false, factory: registry).record(7)
        #expect(lines("batch_bucket{le=\"4\"}") == ["batch_bucket{le=\"4\"} 1"])
        #expect(lines("depth") == ["depth 7"])
    }

    @Test("a meter is a gauge that may rise and fall")
    func meter() {
        let meter = Meter(label: "open", factory: registry)
        meter.set(10)
        meter.increment(by: 2.5)
        meter.decrement()
        #expect(lines("open") == ["open 11.5"])
    }

    @Test("what is not finite is written as the format says")
    func notFinite() {
        for (name, value) in [("nan", Double.nan), ("up", .infinity), ("down", -.infinity)] {
            Gauge(label: name, factory: registry).record(value)
        }
        #expect(lines("nan") == ["nan NaN"] && lines("up") == ["up +Inf"] && lines("down") == ["down -Inf"])
    }

    @Test("a collector adds what somebody else counts, at every reading")
    func collector() {
        registry.addCollector { writer in
            writer.counter("sockets", help: "Sockets.", [([("kind", "a")], 1), ([("kind", "b")], 2)])
            writer.gauge("lag", help: "Lag.", 0.25)
            writer.histogram("wait", help: "Wait.", buckets: [(0.5, 2), (.infinity, 3)], count: 3, sum: 4)
        }
        #expect(lines("wait") == ["wait_bucket{le=\"0.5\"} 2", "wait_bucket{le=\"+Inf\"} 3", "wait_sum 4", "wait_count 3"])
        #expect(lines("sockets") == ["sockets_total{kind=\"a\"} 1", "sockets_total{kind=\"b\"} 2"])
        #expect(lines("lag") == ["lag 0.25"])
    }
}
