import PrometheusMetrics

/// A figure that a dashboard can show.
enum DashboardMetric: String, CaseIterable, Sendable {
    /// Distinct signed-in users who are connected.
    case activeUsers = "active_users"
    /// Sessions that are waiting or active, whether or not anybody is connected.
    case quizSessions = "quiz_sessions"
    case waitingSessions = "sessions_waiting"
    case activeSessions = "sessions_active"
    /// Requests per second.
    case messagesPerSecond = "messages_per_second"
    /// Answers stored per second.
    case answersPerSecond = "answers_per_second"
    case chatMessagesPerSecond = "chat_messages_per_second"
    case errorsPerSecond = "errors_per_second"
    /// Requests per second that a rate limit refused.
    case rateLimitedPerSecond = "rate_limited_per_second"
    /// Sockets, signed in or not.
    case connections
    case chatRooms = "chat_rooms"
    /// Players who are connected.
    case players
    /// From the receipt of a request to its answer, in milliseconds, over the last interval; null if the interval had no requests.
    case acknowledgementP50 = "ack_p50"
    case acknowledgementP95 = "ack_p95"
    case acknowledgementP99 = "ack_p99"

    /// - Parameter earlier: the sample taken `seconds` before, from which rates are computed.
    /// - Returns: nil if there was nothing to measure, which is not the same as 0.
    func value(_ sample: RuntimeSnapshot, since earlier: RuntimeSnapshot, seconds: Double) -> Double? {
        func rate(_ count: (RuntimeSnapshot) -> UInt64) -> Double {
            seconds > 0 ? Self.rounded(Double(count(sample) &- count(earlier)) / seconds) : 0
        }
        func percentile(_ fraction: Double) -> Double? {
            sample.acknowledgementLatency.since(earlier.acknowledgementLatency).percentile(fraction).map { Self.rounded($0 * 1_000) }
        }
        return switch self {
        case .activeUsers: Double(sample.activeUsers)
        case .quizSessions: Double(sample.waitingSessions + sample.activeSessions)
        case .waitingSessions: Double(sample.waitingSessions)
        case .activeSessions: Double(sample.activeSessions)
        case .messagesPerSecond: rate { $0.requests }
        case .answersPerSecond: rate { $0.answers }
        case .chatMessagesPerSecond: rate { $0.chatMessages }
        case .errorsPerSecond: rate { $0.errors }
        case .rateLimitedPerSecond: rate { $0.rateLimited }
        case .connections: Double(sample.connections)
        case .chatRooms: Double(sample.chatRooms)
        case .players: Double(sample.players)
        case .acknowledgementP50: percentile(0.5)
        case .acknowledgementP95: percentile(0.95)
        case .acknowledgementP99: percentile(0.99)
        }
    }

    /// Two decimals are precise enough.
    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
