import NIOConcurrencyHelpers

/// A backend of swift-metrics whose state can be read as Prometheus' text format.
///
/// Counters, timers and recorders write through atomics, without a lock; making one and reading all take it. The number of series is
/// bounded: a metric beyond the bound records nothing and is counted in `metrics_series_discarded_total`, so that labels made of
/// whatever a client sent cannot fill the memory. A histogram is one series here, whatever its number of buckets.
public final class PrometheusRegistry: Sendable {
    /// The media type of what ``render()`` returns.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The most series that exist at once.
    public let maximumSeries: Int
    let timerBuckets: HistogramBuckets
    let recorderBuckets: HistogramBuckets
    private let state = NIOLockedValueBox(State())

    private struct State {
        var families: [String: MetricFamily] = [:]
        var help: [String: String] = [:]
        var seriesCount = 0
        var discarded = 0
        var collectors: [@Sendable (inout SampleWriter) -> Void] = []
    }

    public init(
        maximumSeries: Int = 1_024, timerBuckets: HistogramBuckets = .seconds, recorderBuckets: HistogramBuckets = .quantities
    ) {
        self.maximumSeries = maximumSeries
        self.timerBuckets = timerBuckets
        self.recorderBuckets = recorderBuckets
    }

    /// Sets the text of the metric's `# HELP` line. `name` is the exposed one, with its suffix. Call it once per name, with a constant text.
    public func describe(_ name: String, _ help: String) {
        state.withLockedValue { $0.help[MetricName.metric(name)] = help }
    }

    /// Has `collect` add values that somebody else counts, each time the metrics are read. It must not use the registry.
    public func addCollector(_ collect: @escaping @Sendable (inout SampleWriter) -> Void) {
        state.withLockedValue { $0.collectors.append(collect) }
    }

    /// All metrics as text: families by name, series by their labels.
    public func render() -> String {
        let (families, help, discarded, collectors) = state.withLockedValue { ($0.families, $0.help, $0.discarded, $0.collectors) }
        var writer = SampleWriter()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            writer.header(name, kind: family.kind, help: help[name])
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) { writer.series(name, labels, series) }
        }
        writer.counter(
            "metrics_series_discarded", help: "Metrics that were not kept: too many series, or a name of another kind.", discarded)
        for collect in collectors { collect(&writer) }
        return writer.text
    }

    /// The series of that name and those labels; made by `make` when there is none. nil: there is no room, or the name is another kind's.
    func series(
        _ name: String, _ kind: MetricFamily.Kind, _ dimensions: [(String, String)], make: () -> MetricFamily.Series
    ) -> MetricFamily.Series? {
        let labels = LabelSet(dimensions)
        return state.withLockedValue { state in
            var family = state.families[name] ?? MetricFamily(kind: kind)
            if family.kind == kind, let existing = family.series[labels] { return existing }
            guard family.kind == kind, state.seriesCount < maximumSeries else {
                state.discarded += 1
                return nil
            }
            let series = make()
            family.series[labels] = series
            state.families[name] = family
            state.seriesCount += 1
            return series
        }
    }

    /// Forgets the series that `handler` writes to.
    func remove(_ handler: AnyObject) {
        state.withLockedValue { state in
            for (name, family) in state.families {
                for (labels, series) in family.series where series.handler === handler {
                    state.families[name]?.series[labels] = nil
                    state.seriesCount -= 1
                }
            }
        }
    }
}

extension LabelSet: Comparable {
    static func < (left: LabelSet, right: LabelSet) -> Bool {
        left.labels.lexicographicallyPrecedes(right.labels) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}
