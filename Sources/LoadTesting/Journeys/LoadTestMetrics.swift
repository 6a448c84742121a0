/// The results by the names of the source document's LoadTestRunner. Latencies are in milliseconds.
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
        self.connectionsSuccessful = metrics.counter(.connects)
        self.connectionsFailed = metrics.counter(.connectFailures)
        self.messagesSent = metrics.counter(.emits)
        self.messagesReceived = metrics.counter(.eventsReceived)
        self.errorsCount = metrics.counter(.failed)
        if let latency = metrics.summaries[Metric.sentAtLatency.name] {
            self.averageLatency = latency.mean
            self.p95Latency = latency.p95
            self.p99Latency = latency.p99
        }
        self.throughputPerSecond = report.seconds > 0 ? Double(self.messagesReceived) / report.seconds : 0
    }

    /// What the document's `printResults` prints.
    public var text: String {
        """

        === Load Test Results ===
        Successful Connections: \(self.connectionsSuccessful)
        Failed Connections: \(self.connectionsFailed)
        Messages Sent: \(self.messagesSent)
        Messages Received: \(self.messagesReceived)
        Average Latency: \(Self.fixed(self.averageLatency))ms
        95th Percentile Latency: \(Self.fixed(self.p95Latency))ms
        99th Percentile Latency: \(Self.fixed(self.p99Latency))ms
        Errors: \(self.errorsCount)
        Throughput: \(Self.fixed(self.throughputPerSecond)) msg/sec
        ========================

        """
    }

    /// Two digits behind the point.
    private static func fixed(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
