public import CoreMetrics

/// The requirements of swift-metrics. Two metrics of one name, kind and label set share a series; destroying either forgets it.
extension PrometheusRegistry: MetricsFactory {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let found = series(MetricName.counter(label), .counter, dimensions) { .counter(CounterSeries()) }
        if case .counter(let series) = found { return series }
        return DiscardedSeries()
    }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        let found = series(MetricName.counter(label), .counter, dimensions) { .fractionalCounter(FractionalCounterSeries()) }
        if case .fractionalCounter(let series) = found { return series }
        return DiscardedSeries()
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions) ?? DiscardedSeries()
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return gauge(label, dimensions) ?? DiscardedSeries() }
        return histogram(MetricName.metric(label), dimensions, recorderBuckets) ?? DiscardedSeries()
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(MetricName.timer(label), dimensions, timerBuckets) ?? DiscardedSeries()
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries? {
        let found = series(MetricName.metric(label), .gauge, dimensions) { .gauge(GaugeSeries()) }
        if case .gauge(let series) = found { return series }
        return nil
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)], _ buckets: HistogramBuckets) -> BucketHistogram? {
        let found = series(name, .histogram, dimensions) { .histogram(BucketHistogram(buckets: buckets)) }
        if case .histogram(let series) = found { return series }
        return nil
    }
}

/// Takes the records that have no series: past the limit of series, or under a name of another kind.
final class DiscardedSeries: CounterHandler, FloatingPointCounterHandler, RecorderHandler, MeterHandler, TimerHandler {
    func increment(by _: Int64) {}
    func increment(by _: Double) {}
    func decrement(by _: Double) {}
    func record(_: Int64) {}
    func record(_: Double) {}
    func set(_: Int64) {}
    func set(_: Double) {}
    func recordNanoseconds(_: Int64) {}
    func reset() {}
}
