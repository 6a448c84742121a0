/// The results of a test by journeys. Latencies are in milliseconds.
public struct LoadTestMetrics: Sendable, Hashable {
    public var connectionsSuccessful = 0
    public var connectionsFailed = 0
    public var messagesSent = 0
    public var messagesReceived = 0
    public var averageLatency = 0.0
    public var p95Latency = 0.0
    public var p99Latency = 0.0
    public var errorsCount = 0
    public var throughputPerSecond = 0.0

    public init() {}

    /// - Parameter report: of a run of ``LoadTestConfiguration/script()``.
    public init(_ report: RunReport) {
        let metrics = report.aggregate
        connectionsSuccessful = metrics.counter(.connects)
        connectionsFailed = metrics.counter(.connectFailures)
        messagesSent = metrics.counter(.emits)
        messagesReceived = metrics.counter(.eventsReceived)
        errorsCount = metrics.counter(.failed)
        if let latency = metrics.summaries[Metric.sentAtLatency.name] {
            averageLatency = latency.mean
            p95Latency = latency.p95
            p99Latency = latency.p99
        }
        throughputPerSecond = report.seconds > 0 ? Double(messagesReceived) / report.seconds : 0
    }

    /// The results in the form of a table of names and values.
    public var text: String {
        """

        === Load Test Results ===
        Successful Connections: \(connectionsSuccessful)
        Failed Connections: \(connectionsFailed)
        Messages Sent: \(messagesSent)
        Messages Received: \(messagesReceived)
        Average Latency: \(Self.fixed(averageLatency))ms
        95th Percentile Latency: \(Self.fixed(p95Latency))ms
        99th Percentile Latency: \(Self.fixed(p99Latency))ms
        Errors: \(errorsCount)
        Throughput: \(Self.fixed(throughputPerSecond)) msg/sec
        ========================

        """
    }

    /// The value with two decimals.
    private static func fixed(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
