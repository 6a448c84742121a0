/// The report as one HTML file: no script, no font, no image from elsewhere.
public enum HTMLReport {
    /// - Parameter other: a second run that the first one is compared with.
    public static func write(_ report: RunReport, comparedWith other: RunReport? = nil) -> String {
        let name =
            report.scriptFile.isEmpty ? "load test" : report.scriptFile.split(separator: "/").last.map(String.init) ?? report.scriptFile
        var page = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Markup.escape(name)) – load test report</title>
            <style>\(HTMLStyle.sheet)</style>
            </head>
            <body>
            <main>

            """
        page += Self.header(report, name: name)
        page += Self.headlines(report)
        page += Self.tiles(report)
        page += Self.checks(report)
        if let other { page += Self.comparison(report, other) }
        page += Self.charts(report, other: other)
        page += Self.steps(report)
        page += Self.events(report)
        page += Self.errors(report)
        page += Self.audit(report)
        page += Self.details(report)
        page += "</main>\n</body>\n</html>\n"
        return page
    }

    // MARK: Top

    private static func header(_ report: RunReport, name: String) -> String {
        let (badge, word): (String, String)
        switch report.verdict.exitStatus {
        case .passed: (badge, word) = report.headlines.isEmpty ? ("good", "passed") : ("mild", "passed, with warnings")
        case .failed: (badge, word) = ("bad", "failed")
        case .wrongScript: (badge, word) = ("bad", "wrong script")
        case .unreachable: (badge, word) = ("bad", "target not reached")
        }
        var facts = [String]()
        if !report.target.isEmpty { facts.append(Markup.escape(report.target)) }
        facts.append(ReportNumber.duration(report.seconds))
        if report.startedAtMilliseconds > 0 { facts.append(Timestamp.utc(report.startedAtMilliseconds)) }
        if let environment = report.environment { facts.append("environment \(Markup.escape(environment))") }
        return """
            <header>
            <h1>\(Markup.escape(name)) <span class="badge \(badge)">\(word)</span></h1>
            <p>\(facts.joined(separator: " · "))</p>
            </header>

            """
    }

    private static func headlines(_ report: RunReport) -> String {
        let lines = report.headlines
        if lines.isEmpty { return "" }
        return "<ul class=\"headlines\">\(lines.map { "<li>\(Markup.escape($0))</li>" }.joined())</ul>\n"
    }

    private static func tiles(_ report: RunReport) -> String {
        let metrics = report.aggregate
        var tiles: [(String, String, String)] = []
        let failed = metrics.counter(.failed)
        tiles.append(("virtual users", ReportNumber.grouped(metrics.counter(.created)), "\(ReportNumber.grouped(failed)) failed"))
        for (counter, rate, word) in [
            (Metric.emits, "socketio.emit_rate", "events emitted"), (.sentMessages, "websocket.send_rate", "messages sent"),
            (.requests, "http.request_rate", "requests"),
        ] where metrics.counter(counter) > 0 {
            let perSecond = metrics.rates[rate].map { "\(ReportNumber.text($0)) per second" } ?? ""
            tiles.append((word, ReportNumber.grouped(metrics.counter(counter)), perSecond))
        }
        let received = metrics.counter(.eventsReceived) + metrics.counter(.receivedMessages)
        if received > 0 { tiles.append(("received", ReportNumber.grouped(received), "pushed by the server")) }
        if let main = Self.mainSummary(report) {
            tiles.append(
                (
                    "\(main.title), median", "\(ReportNumber.text(main.summary.p50)) ms",
                    "\(ReportNumber.grouped(main.summary.count)) samples"
                ))
            tiles.append(
                ("\(main.title), p99", "\(ReportNumber.text(main.summary.p99)) ms", "p99.9 \(ReportNumber.text(main.summary.p999)) ms"))
        }
        if let apdex = report.apdex { tiles.append(("Apdex", ReportNumber.text(apdex.score, digits: 2), apdex.rating)) }
        let cells = tiles.map { name, value, note in
            "<div><dt>\(Markup.escape(name))</dt><dd>\(Markup.escape(value))<small>\(Markup.escape(note))</small></dd></div>"
        }
        return "<dl class=\"tiles\">\(cells.joined(separator: "\n"))</dl>\n"
    }

    /// The time that matters most in this run.
    static func mainSummary(_ report: RunReport) -> (metric: Metric, title: String, summary: LatencySummary)? {
        let candidates: [(Metric, String)] = [
            (.responseTime, "Response time"), (.webSocketResponseTime, "Response time"), (.httpResponseTime, "Response time"),
            (.fanOutTime, "Fan-out time"), (.connectTime, "Connect time"),
        ]
        for (metric, title) in candidates {
            if let summary = report.aggregate.summaries[metric.name] { return (metric, title, summary) }
        }
        return nil
    }

    // MARK: Charts

    private static func charts(_ report: RunReport, other: RunReport?) -> String {
        let charts = HTMLCharts(report: report, other: other)
        let all = [charts.users, charts.rates, charts.latencies, charts.distribution, charts.connecting, charts.errors]
        // Charts without points last, so that none leaves a hole between the others.
        let ordered = all.filter { !$0.isEmpty } + all.filter(\.isEmpty)
        return "<section class=\"charts\" aria-label=\"charts\">\n\(ordered.map(\.html).joined())</section>\n"
    }

    // MARK: Tables

    private static func checks(_ report: RunReport) -> String {
        guard !report.verdict.checks.isEmpty else { return "" }
        let rows = report.verdict.checks.map { check in
            let word =
                check.passed
                ? "<span class=\"good\">ok</span>"
                : "<span class=\"\(check.isStrict ? "bad" : "mild")\">\(check.isStrict ? "failed" : "not met")</span>"
            return [word, Markup.escape(check.name), Markup.escape(check.detail)]
        }
        return Self.table("Checks", columns: ["", "check", "measured"], numeric: 3, rows: rows, style: "checks")
    }

    private static func steps(_ report: RunReport) -> String {
        let rows = report.steps.compactMap { step -> [String]? in
            guard let summary = step.summary else { return nil }
            return ["\(step.index + 1)", Markup.escape(step.label)] + Self.cells(summary)
        }
        return Self.table(
            "Steps", columns: ["", "step"] + Self.summaryColumns, numeric: 2, rows: rows, note: "response times in milliseconds")
    }

    private static func events(_ report: RunReport) -> String {
        let rows = report.aggregate.summaries.filter { !$0.key.hasPrefix("steps.") }.sorted { $0.key < $1.key }
            .map { name, summary in [Self.breakable(name)] + Self.cells(summary) }
        return Self.table(
            "Times", columns: ["metric"] + Self.summaryColumns, numeric: 1, rows: rows, note: "in milliseconds", style: "named")
    }

    /// A metric's name that a narrow column breaks between its parts.
    private static func breakable(_ name: String) -> String {
        Markup.escape(name).replacing(".", with: ".<wbr>").replacing("_", with: "_<wbr>")
    }

    private static let summaryColumns = ["count", "min", "mean", "p50", "p95", "p99", "p99.9", "p99.99", "max"]

    private static func cells(_ summary: LatencySummary) -> [String] {
        [ReportNumber.grouped(summary.count)]
            + [summary.minimum, summary.mean, summary.p50, summary.p95, summary.p99, summary.p999, summary.p9999, summary.maximum]
            .map { ReportNumber.text($0) }
    }

    private static func errors(_ report: RunReport) -> String {
        let rows = report.errors.map { [Markup.escape($0.name), ReportNumber.grouped($0.count)] }
        if rows.isEmpty { return "<section><h2>Errors</h2><p class=\"none\">none</p></section>\n" }
        return Self.table("Errors", columns: ["error", "count"], numeric: 1, rows: rows, style: "errors")
    }

    private static func audit(_ report: RunReport) -> String {
        guard let audit = report.audit else { return "" }
        let rows = audit.rooms.map { room in
            [Markup.escape(room.room)] + [room.sent, room.delivered, room.lost, room.doubled, room.outOfOrder].map(ReportNumber.grouped)
        }
        var text = Self.table(
            "Delivery", columns: ["room", "sent", "delivered", "lost", "doubled", "out of order"], numeric: 1, rows: rows, style: "named")
        for (name, messages) in [("lost", audit.lost), ("doubled", audit.doubled), ("out of order", audit.outOfOrder)]
        where !messages.isEmpty {
            let shown = messages.prefix(100).map {
                "<li>\(Markup.escape($0.room)): number \($0.sequence) of user \($0.sender), at user \($0.receiver)</li>"
            }
            text += "<details><summary>\(messages.count) \(name)</summary><ul>\(shown.joined())</ul></details>\n"
        }
        return text
    }

    private static func details(_ report: RunReport) -> String {
        var rows: [[String]] = []
        func add(_ name: String, _ value: String) { if !value.isEmpty { rows.append([name, Markup.escape(value)]) } }
        add("script", report.scriptFile)
        add("SHA-256", report.scriptSHA256)
        if !report.version.isEmpty { add("seed", String(report.seed)) }
        if report.timeScale != 1 { add("time scale", ReportNumber.text(report.timeScale, digits: 6)) }
        add("dunlin", report.version)
        if let health = report.health {
            add(
                "generator's CPU",
                "\(ReportNumber.text(health.cpuSeconds)) s, \(ReportNumber.text(health.utilisation * 100)) % of its \(health.eventLoops) event loops"
            )
            add(
                "event-loop lag",
                "p99 \(ReportNumber.text(health.loopLag.milliseconds(atPercentile: 99))) ms, max \(ReportNumber.text(health.loopLag.maximum)) ms"
            )
            add(
                "schedule slip",
                "p99 \(ReportNumber.text(health.scheduleSlip.milliseconds(atPercentile: 99))) ms, max \(ReportNumber.text(health.scheduleSlip.maximum)) ms"
            )
        }
        let counters = report.aggregate.counters.sorted { $0.key < $1.key }.map { [Markup.escape($0.key), ReportNumber.grouped($0.value)] }
        return Self.table("The run", columns: ["", ""], numeric: 2, rows: rows, style: "facts")
            + "<details><summary>All counters</summary>\(Self.table("", columns: ["counter", "count"], numeric: 1, rows: counters))</details>\n"
    }

    /// - Parameter numeric: index of the first column that is aligned to the right.
    static func table(
        _ title: String, columns: [String], numeric: Int, rows: [[String]], note: String = "", style: String = ""
    ) -> String {
        guard !rows.isEmpty else { return "" }
        func cells(_ texts: [String], _ tag: String) -> String {
            texts.enumerated().map { "<\(tag)\($0 >= numeric ? " class=\"n\"" : "")>\($1)</\(tag)>" }.joined()
        }
        var text = "<section>"
        if !title.isEmpty { text += "<h2>\(Markup.escape(title))\(note.isEmpty ? "" : " <small>\(Markup.escape(note))</small>")</h2>" }
        text += "<div class=\"scroll\"><table\(style.isEmpty ? "" : " class=\"\(style)\"")>"
        if columns.contains(where: { !$0.isEmpty }) { text += "<thead><tr>\(cells(columns, "th"))</tr></thead>" }
        text += "<tbody>\n"
        for row in rows { text += "<tr>\(cells(row, "td"))</tr>\n" }
        return text + "</tbody></table></div></section>\n"
    }

    private static func comparison(_ report: RunReport, _ other: RunReport) -> String {
        let rows = ReportComparison(report, other).rows.map { row in
            let mark = row.isWorse.map { $0 ? " class=\"bad\"" : " class=\"good\"" } ?? ""
            return [Self.breakable(row.name), row.first, row.second, "<span\(mark)>\(row.change)</span>"]
        }
        return Self.table("Comparison", columns: ["metric", "this run", "the other", "change"], numeric: 1, rows: rows)
    }
}

/// Times as reports show them, in UTC.
public enum Timestamp {
    /// `2026-11-26 06:24:22 UTC`.
    public static func utc(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let (date, clock) = (Self.date(days: seconds / 86_400), Self.clock(seconds))
        return "\(date) \(clock) UTC"
    }

    /// `06:24:22(+0000)`, Artillery's form.
    public static func clockOfDay(_ milliseconds: Int64) -> String { "\(Self.clock(milliseconds / 1000))(+0000)" }

    private static func clock(_ seconds: Int64) -> String {
        let rest = Int(seconds % 86_400)
        return [rest / 3600, rest / 60 % 60, rest % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    /// Civil date from days since 1970-01-01 (Howard Hinnant's algorithm).
    private static func date(days: Int64) -> String {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return "\(year)-\(civilMonth < 10 ? "0" : "")\(civilMonth)-\(day < 10 ? "0" : "")\(day)"
    }
}
