#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A line chart as SVG. Colours come from the page's style sheet, so that one drawing serves light, dark and print.
struct LineChart {
    struct Series {
        var name: String
        var points: [(x: Double, y: Double)]
        /// 1 to 6: a colour of the style sheet.
        var colour: Int
        var isDashed = false
        var isFilled = false
    }

    enum HorizontalAxis {
        /// Seconds since the beginning.
        case time(end: Double)
        /// Percentiles, stretched towards 100.
        case percentile(end: Double)
    }

    var title: String
    var unit: String
    var series: [Series]
    var axis: HorizontalAxis
    /// The HTML that replaces a drawing without points.
    var nothing = "nothing was measured"

    // Small enough that the text is readable when a phone shows it at its width.
    static let width = 440.0
    static let height = 230.0
    private static let left = 46.0
    private static let right = 20.0
    private static let top = 10.0
    private static let bottom = 28.0

    private var drawn: [Series] { series.filter { !$0.points.isEmpty } }
    var isEmpty: Bool { drawn.isEmpty }

    /// The chart in its figure, with heading and legend.
    var html: String {
        let drawn = drawn
        var text = "<figure><figcaption>\(Markup.escape(title))<span>\(Markup.escape(unit))</span></figcaption>\n"
        guard !drawn.isEmpty else { return text + "<p class=\"none\">\(nothing)</p></figure>\n" }
        text += svg(drawn)
        text += "<ul class=\"legend\">"
        for one in drawn {
            let peak = one.points.map(\.y).max() ?? 0
            text +=
                "<li class=\"c\(one.colour)\(one.isDashed ? " dashed" : "")\"><i></i>\(Markup.escape(one.name)) "
                + "<b>max \(ReportNumber.text(peak))</b></li>"
        }
        return text + "</ul></figure>\n"
    }

    private func svg(_ drawn: [Series]) -> String {
        let ticks = Self.ticks(upTo: drawn.flatMap { $0.points.map(\.y) }.max() ?? 1)
        let top = ticks.last ?? 1
        let names = drawn.map(\.name).joined(separator: ", ")
        var svg =
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(Markup.escape(title)): "
            + "\(Markup.escape(names))\">\n"
        for tick in ticks {
            let y = Self.number(self.y(tick, top: top))
            svg += "<line class=\"grid\" x1=\"\(Int(Self.left))\" x2=\"\(Int(Self.width - Self.right))\" y1=\"\(y)\" y2=\"\(y)\"/>"
            svg +=
                "<text class=\"tick\" x=\"\(Int(Self.left - 6))\" y=\"\(y)\" text-anchor=\"end\" dy=\"0.35em\">\(Self.label(tick, top: top))</text>\n"
        }
        for (value, label) in horizontalTicks {
            let x = Self.number(self.x(value))
            svg += "<text class=\"tick\" x=\"\(x)\" y=\"\(Int(Self.height - 9))\" text-anchor=\"middle\">\(label)</text>\n"
        }
        for one in drawn { svg += path(one, top: top) }
        return svg + "</svg>\n"
    }

    private func path(_ series: Series, top: Double) -> String {
        let points = series.points.map { (x: x($0.x), y: y($0.y, top: top)) }
        var path = ""
        for (index, point) in points.enumerated() { path += "\(index == 0 ? "M" : "L")\(Self.number(point.x)) \(Self.number(point.y))" }
        var svg = ""
        if series.isFilled, let first = points.first, let last = points.last {
            let base = Self.number(y(0, top: top))
            svg += "<path class=\"area c\(series.colour)\" d=\"\(path)L\(Self.number(last.x)) \(base)L\(Self.number(first.x)) \(base)Z\"/>"
        }
        if points.count == 1, let only = points.first {
            svg += "<circle class=\"dot c\(series.colour)\" cx=\"\(Self.number(only.x))\" cy=\"\(Self.number(only.y))\" r=\"3\"/>\n"
        } else {
            svg += "<path class=\"line c\(series.colour)\(series.isDashed ? " dashed" : "")\" d=\"\(path)\"/>\n"
        }
        return svg
    }

    // MARK: Scales

    private func y(_ value: Double, top: Double) -> Double {
        let height = Self.height - Self.top - Self.bottom
        return Self.top + height * (1 - min(max(value / top, 0), 1))
    }

    private func x(_ value: Double) -> Double {
        let width = Self.width - Self.left - Self.right
        let share: Double
        switch axis {
        case .time(let end): share = end > 0 ? value / end : 0
        case .percentile(let end): share = Self.stretched(value) / Self.stretched(end)
        }
        return Self.left + width * min(max(share, 0), 1)
    }

    /// 90 is at 1, 99 at 2, 99.9 at 3.
    private static func stretched(_ percentile: Double) -> Double { -log10(max(1 - percentile / 100, 1e-7)) }

    private var horizontalTicks: [(Double, String)] {
        switch axis {
        case .percentile(let end):
            return [(50, "50"), (90, "90"), (99, "99"), (99.9, "99.9"), (99.99, "99.99"), (99.999, "99.999")].filter {
                $0.0 <= end
            }
            .map { ($0.0, "\($0.1)%") }
        case .time(let end):
            let steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400]
            let step = steps.first { end / $0 <= 6 } ?? end / 6
            return stride(from: 0, through: end + step * 1e-6, by: step).map { ($0, Self.clock($0, step: step)) }
        }
    }

    private static func clock(_ seconds: Double, step: Double) -> String {
        if step < 1 || seconds < 60 && step < 60 { return "\(ReportNumber.text(seconds)) s" }
        let whole = Int(seconds.rounded())
        if step >= 3600 || whole >= 36_000 { return "\(whole / 3600):\(Self.two(whole / 60 % 60)) h" }
        return "\(whole / 60):\(Self.two(whole % 60))"
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// Round numbers from 0 to at least the greatest value, four or five of them.
    static func ticks(upTo greatest: Double) -> [Double] {
        guard greatest > 1e-9, greatest.isFinite else { return [0, 1] }
        let power = pow(10, floor(log10(greatest / 4)))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 * 4.5 >= greatest } ?? 10 * power
        let count = Int((greatest / step).rounded(.up))
        return (0...max(count, 1)).map { Double($0) * step }
    }

    /// The label of a value. All labels of an axis have the unit of the greatest one.
    static func label(_ value: Double, top: Double) -> String {
        if value > 0, top >= 1e6 { return "\(ReportNumber.text(value / 1e6, digits: 2))M" }
        if value > 0, top >= 1e4 { return "\(ReportNumber.text(value / 1e3))k" }
        return ReportNumber.text(value, digits: value < 1 ? 3 : 1)
    }

    private static func number(_ value: Double) -> String { ReportNumber.text(value, digits: 2) }
}
