/// The generator's own health. A generator that is too busy measures its own queue.
public struct GeneratorHealth: Sendable, Codable {
    /// CPU seconds of the process during the run, and its wall seconds.
    public var cpuSeconds = 0.0
    public var wallSeconds = 0.0
    public var eventLoops = 1
    /// How late timers of the event loops fired.
    public var loopLag = LatencyHistogram()
    /// How much later than intended virtual users began.
    public var scheduleSlip = LatencyHistogram()

    public init() {}

    /// The used CPU time as a share of what the event loops could have used.
    public var utilisation: Double { wallSeconds > 0 ? cpuSeconds / wallSeconds / Double(max(eventLoops, 1)) : 0 }

    static let highestUtilisation = 0.9
    static let longestLagMilliseconds = 50.0
    static let longestSlipMilliseconds = 100.0

    /// Reasons to doubt the figures; empty if there are none.
    public var findings: [String] {
        var findings: [String] = []
        func text(_ value: Double) -> String { ReportNumber.text(value) }
        if utilisation > Self.highestUtilisation {
            findings.append("the generator used \(text(utilisation * 100)) % of its CPU")
        }
        let lag = loopLag.milliseconds(atPercentile: 99)
        if loopLag.count > 0, lag > Self.longestLagMilliseconds {
            findings.append("its event loops were up to \(text(lag)) ms late (p99)")
        }
        let slip = scheduleSlip.milliseconds(atPercentile: 99)
        if scheduleSlip.count > 0, slip > Self.longestSlipMilliseconds {
            findings.append("virtual users began up to \(text(slip)) ms later than scheduled (p99)")
        }
        return findings
    }
}
