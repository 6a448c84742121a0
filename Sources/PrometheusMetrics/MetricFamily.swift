/// All series of one name. A name has one kind for good: the first that it was made as.
struct MetricFamily {
    enum Kind: String {
        case counter, gauge, histogram
    }

    enum Series {
        case counter(CounterSeries)
        case fractionalCounter(FractionalCounterSeries)
        case gauge(GaugeSeries)
        case histogram(BucketHistogram)

        var handler: AnyObject {
            switch self {
            case .counter(let series): series
            case .fractionalCounter(let series): series
            case .gauge(let series): series
            case .histogram(let series): series
            }
        }
    }

    let kind: Kind
    var series: [LabelSet: Series] = [:]
}
