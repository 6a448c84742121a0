/// The labels of one series, sorted by name, so that two orders of the same dimensions are the same series.
struct LabelSet: Hashable, Sendable {
    struct Label: Hashable, Sendable {
        var name: String
        var value: String
    }

    let labels: [Label]

    /// Of two dimensions with the same name the later counts.
    init(_ dimensions: [(String, String)]) {
        guard !dimensions.isEmpty else {
            labels = []
            return
        }
        let values = Dictionary(dimensions.map { (MetricName.label($0.0), $0.1) }, uniquingKeysWith: { $1 })
        labels = values.map { Label(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
    }
}
