/// Writes metrics as Prometheus' text format, version 0.0.4.
///
/// Collectors get one to add values that somebody else counts: each call is a family, so a name must be written once only.
public struct SampleWriter {
    private(set) var text = ""

    init() {}

    /// A count that only rises; `_total` is added to the name where it lacks.
    public mutating func counter(_ name: String, help: String, _ value: Int) {
        counter(name, help: help, [([], value)])
    }

    /// A sum that only rises and is not whole, such as seconds.
    public mutating func counter(_ name: String, help: String, _ value: Double) {
        let name = MetricName.counter(name)
        header(name, kind: .counter, help: help)
        sample(name, LabelSet([]), Self.number(value))
    }

    /// The series of a count, each with its labels.
    public mutating func counter(_ name: String, help: String, _ series: [(labels: [(String, String)], value: Int)]) {
        let name = MetricName.counter(name)
        header(name, kind: .counter, help: help)
        for (labels, value) in series { sample(name, LabelSet(labels), "\(value)") }
    }

    /// A value that rises and falls.
    public mutating func gauge(_ name: String, help: String, _ value: Double) {
        gauge(name, help: help, [([], value)])
    }

    /// The series of a value that rises and falls, each with its labels.
    public mutating func gauge(_ name: String, help: String, _ series: [(labels: [(String, String)], value: Double)]) {
        let name = MetricName.metric(name)
        header(name, kind: .gauge, help: help)
        for (labels, value) in series { sample(name, LabelSet(labels), Self.number(value)) }
    }

    /// A distribution that somebody else counts: for each bound how many were not above it, then how many there were and their sum.
    public mutating func histogram(_ name: String, help: String, buckets: [(bound: Double, count: Int)], count: Int, sum: Double) {
        let name = MetricName.metric(name)
        let none = LabelSet([])
        header(name, kind: .histogram, help: help)
        for bucket in buckets where bucket.bound.isFinite {
            sample(name + "_bucket", none, "\(bucket.count)", bound: Self.number(bucket.bound))
        }
        sample(name + "_bucket", none, "\(count)", bound: "+Inf")
        sample(name + "_sum", none, Self.number(sum))
        sample(name + "_count", none, "\(count)")
    }

    /// A distribution that a histogram of this module has counted.
    package mutating func histogram(_ name: String, help: String, _ snapshot: BucketHistogram.Snapshot) {
        let name = MetricName.metric(name)
        header(name, kind: .histogram, help: help)
        histogram(name, LabelSet([]), snapshot)
    }

    mutating func header(_ name: String, kind: MetricFamily.Kind, help: String?) {
        if let help { text += "# HELP \(name) \(Self.escapedHelp(help))\n" }
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func series(_ name: String, _ labels: LabelSet, _ series: MetricFamily.Series) {
        switch series {
        case .counter(let counter): sample(name, labels, "\(counter.value)")
        case .fractionalCounter(let counter): sample(name, labels, Self.number(counter.value))
        case .gauge(let gauge): sample(name, labels, Self.number(gauge.value))
        case .histogram(let histogram): self.histogram(name, labels, histogram.snapshot())
        }
    }

    private mutating func histogram(_ name: String, _ labels: LabelSet, _ snapshot: BucketHistogram.Snapshot) {
        let bounds = snapshot.bounds.map(Self.number) + ["+Inf"]
        for (bound, count) in zip(bounds, snapshot.cumulative) {
            sample(name + "_bucket", labels, "\(count)", bound: bound)
        }
        sample(name + "_sum", labels, Self.number(snapshot.sum))
        sample(name + "_count", labels, "\(snapshot.count)")
    }

    private mutating func sample(_ name: String, _ labels: LabelSet, _ value: String, bound: String? = nil) {
        text += name
        var pairs = labels.labels.map { "\($0.name)=\"\(Self.escapedValue($0.value))\"" }
        if let bound { pairs.append("le=\"\(bound)\"") }
        if !pairs.isEmpty { text += "{" + pairs.joined(separator: ",") + "}" }
        text += " " + value + "\n"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    private static func escapedValue(_ value: String) -> String {
        escaped(value, quotes: true)
    }

    private static func escapedHelp(_ help: String) -> String {
        escaped(help, quotes: false)
    }

    /// By scalars: a carriage return followed by a line feed is one `Character` and would hide the line feed.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
