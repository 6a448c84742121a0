/// Names as the exposition format allows them (prometheus.io/docs/instrumenting/exposition_formats).
enum MetricName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; whatever else a label of swift-metrics holds becomes an underscore.
    static func metric(_ label: String) -> String {
        cleaned(label, colons: true)
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`. Names that start with two underscores are the system's, `le` is the histogram's.
    static func label(_ name: String) -> String {
        let name = cleaned(name, colons: false)
        return name.hasPrefix("__") || name == "le" || name == "quantile" ? "label_" + name : name
    }

    static func counter(_ label: String) -> String {
        suffixed(metric(label), "_total")
    }

    static func timer(_ label: String) -> String {
        suffixed(metric(label), "_seconds")
    }

    private static func suffixed(_ name: String, _ suffix: String) -> String {
        name.hasSuffix(suffix) ? name : name + suffix
    }

    private static func cleaned(_ text: String, colons: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            case ":" where colons: result.unicodeScalars.append(scalar)
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }
}

/// The labels of one series, sorted by name, so that two orders of the same dimensions are the same series.
struct LabelSet: Hashable, Sendable {
    struct Label: Hashable, Sendable {
        var name: String
        var value: String
    }

    let labels: [Label]

    /// If two dimensions have the same name, the later one counts.
    init(_ dimensions: [(String, String)]) {
        guard !dimensions.isEmpty else {
            labels = []
            return
        }
        let values = Dictionary(dimensions.map { (MetricName.label($0.0), $0.1) }, uniquingKeysWith: { $1 })
        labels = values.map { Label(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
    }
}
