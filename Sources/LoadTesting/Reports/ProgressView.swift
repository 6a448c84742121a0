/// The live view of a running test.
public struct ProgressSnapshot: Sendable, Hashable {
    public var elapsed = 0.0
    /// Of all phases.
    public var total = 0.0
    public var phase: String?
    public var activeUsers = 0
    public var created = 0
    public var failed = 0
    /// Messages since the beginning.
    public var sent = 0
    public var received = 0
    /// In the last second.
    public var arrivalsPerSecond = 0.0
    public var sentPerSecond = 0.0
    public var receivedPerSecond = 0.0
    /// Response times of the current period, in milliseconds. Nil if nothing was answered.
    public var median: Double?
    public var p99: Double?
    public var errors = 0

    public init() {}

    /// - Parameters:
    ///   - counts: since the beginning.
    ///   - before: the view of a second ago.
    init(
        _ counts: LoopPlayer.Glance, activeUsers: Int, phase: String?, elapsed: Double, total: Double, before: ProgressSnapshot
    ) {
        self.elapsed = elapsed
        self.total = total
        self.phase = phase
        self.activeUsers = activeUsers
        created = counts.created
        failed = counts.failed
        errors = counts.errors
        sent = counts.sent
        received = counts.received
        arrivalsPerSecond = Double(counts.created - before.created)
        sentPerSecond = Double(counts.sent - before.sent)
        receivedPerSecond = Double(counts.received - before.received)
        if counts.responses.count > 0 {
            median = counts.responses.milliseconds(atPercentile: 50)
            p99 = counts.responses.milliseconds(atPercentile: 99)
        }
    }
}

/// Live progress as text.
public enum ProgressView {
    /// One line for a log or a pipe.
    public static func line(_ snapshot: ProgressSnapshot) -> String {
        var parts = ["\(Self.clock(snapshot.elapsed))/\(Self.clock(snapshot.total))"]
        if let phase = snapshot.phase { parts.append(phase) }
        parts.append("users \(snapshot.activeUsers) (+\(ReportNumber.text(snapshot.arrivalsPerSecond))/s)")
        parts.append("sent \(ReportNumber.text(snapshot.sentPerSecond))/s")
        parts.append("received \(ReportNumber.text(snapshot.receivedPerSecond))/s")
        if let median = snapshot.median, let p99 = snapshot.p99 {
            parts.append("p50 \(ReportNumber.text(median)) ms, p99 \(ReportNumber.text(p99)) ms")
        }
        parts.append("failed \(snapshot.failed), errors \(snapshot.errors)")
        return parts.joined(separator: "  ")
    }

    /// Lines for a terminal of a width, the first of them a bar.
    public static func lines(_ snapshot: ProgressSnapshot, width: Int) -> [String] {
        let share = snapshot.total > 0 ? min(max(snapshot.elapsed / snapshot.total, 0), 1) : 0
        let clocks = " \(Self.clock(snapshot.elapsed)) of \(Self.clock(snapshot.total))"
        let bar = max(min(width, 100) - clocks.count - 2, 10)
        let full = Int((Double(bar) * share).rounded())
        var lines = ["[\(String(repeating: "=", count: full))\(String(repeating: " ", count: bar - full))]\(clocks)"]
        if let phase = snapshot.phase { lines.append("phase     \(phase)") }
        lines.append(
            "users     \(ReportNumber.grouped(snapshot.activeUsers)) at work, \(ReportNumber.grouped(snapshot.created)) begun, "
                + "\(ReportNumber.text(snapshot.arrivalsPerSecond)) per second")
        lines.append(
            "messages  \(ReportNumber.text(snapshot.sentPerSecond)) per second sent, \(ReportNumber.text(snapshot.receivedPerSecond)) received"
        )
        if let median = snapshot.median, let p99 = snapshot.p99 {
            lines.append("response  median \(ReportNumber.text(median)) ms, p99 \(ReportNumber.text(p99)) ms")
        }
        lines.append("errors    \(ReportNumber.grouped(snapshot.failed)) users failed, \(ReportNumber.grouped(snapshot.errors)) errors")
        return lines.map { String($0.prefix(max(width, 20))) }
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(max(seconds, 0).rounded())
        let rest = whole % 60
        return "\(whole / 60):\(rest < 10 ? "0" : "")\(rest)"
    }
}
