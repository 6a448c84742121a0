/// Two runs side by side.
public struct ReportComparison: Sendable {
    public struct Row: Sendable, Hashable {
        public var name: String
        public var first: String
        public var second: String
        /// How the first differs from the second, in percent.
        public var change: String
        /// Nil if the metric has no better and worse, or if the difference is small.
        public var isWorse: Bool?
    }

    public let rows: [Row]

    /// Differences below this share are not marked.
    static let noticeable = 0.05

    public init(_ first: RunReport, _ second: RunReport) {
        var rows: [Row] = []
        func add(_ name: String, _ one: Double?, _ two: Double?, lessIsBetter: Bool?, unit: String = "") {
            guard one != nil || two != nil else { return }
            func text(_ value: Double?) -> String { value.map { ReportNumber.text($0) + unit } ?? "–" }
            var row = Row(name: name, first: text(one), second: text(two), change: "–")
            if let one, let two, two != 0 {
                let share = (one - two) / two
                row.change = (share >= 0 ? "+" : "−") + ReportNumber.text(abs(share) * 100) + " %"
                if let lessIsBetter, abs(share) >= Self.noticeable { row.isWorse = (share > 0) == lessIsBetter }
            } else if let one, let two {
                row.change = one == two ? "0 %" : "new"
                if one != two, let lessIsBetter { row.isWorse = lessIsBetter }
            }
            rows.append(row)
        }
        let counters: [(Metric, Bool?)] = [
            (.created, nil), (.completed, nil), (.failed, true), (.skipped, true), (.emits, nil), (.eventsReceived, nil),
            (.errorEvents, true),
            (.disconnects, true), (.timeouts, true), (.sentMessages, nil), (.requests, nil), (.expectationsFailed, true),
        ]
        for (metric, lessIsBetter) in counters {
            let one = first.aggregate.counters[metric.name]
            let two = second.aggregate.counters[metric.name]
            if one != nil || two != nil { add(metric.name, Double(one ?? 0), Double(two ?? 0), lessIsBetter: lessIsBetter) }
        }
        for name in Set(first.aggregate.rates.keys).union(second.aggregate.rates.keys).sorted() {
            add(name, first.aggregate.rates[name], second.aggregate.rates[name], lessIsBetter: nil, unit: "/s")
        }
        let summaries = Set(first.aggregate.summaries.keys).union(second.aggregate.summaries.keys).filter { !$0.hasPrefix("steps.") }
        for name in summaries.sorted() {
            for part in ["p50", "p95", "p99", "max"] {
                add(
                    "\(name).\(part)", first.aggregate.summaries[name]?[part], second.aggregate.summaries[name]?[part],
                    lessIsBetter: name == Metric.sessionLength.name ? nil : true, unit: " ms")
            }
        }
        self.rows = rows
    }

    /// A table for the terminal. `!` marks what became worse.
    public var text: String {
        let widths = [
            max(6, rows.map(\.name.count).max() ?? 0), max(8, rows.map(\.first.count).max() ?? 0),
            max(9, rows.map(\.second.count).max() ?? 0), max(6, rows.map(\.change.count).max() ?? 0),
        ]
        func line(_ cells: [String], mark: String) -> String {
            var text = cells[0] + String(repeating: " ", count: widths[0] - cells[0].count)
            for (cell, width) in zip(cells, widths).dropFirst() { text += "  " + String(repeating: " ", count: width - cell.count) + cell }
            return text + mark + "\n"
        }
        return line(["metric", "this run", "the other", "change"], mark: "")
            + rows.map { line([$0.name, $0.first, $0.second, $0.change], mark: $0.isWorse == true ? " !" : "") }.joined()
    }
}
