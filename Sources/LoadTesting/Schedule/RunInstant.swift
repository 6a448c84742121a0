/// A time on the run's monotonic clock: nanoseconds since the run began.
public struct RunInstant: Sendable, Hashable, Comparable, Codable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let zero = RunInstant(nanoseconds: 0)

    public static func < (left: RunInstant, right: RunInstant) -> Bool { left.nanoseconds < right.nanoseconds }

    public static func + (instant: RunInstant, duration: Duration) -> RunInstant {
        RunInstant(nanoseconds: instant.nanoseconds &+ duration.nanoseconds)
    }

    /// The time from `other` to this.
    public func since(_ other: RunInstant) -> Duration { .nanoseconds(self.nanoseconds &- other.nanoseconds) }

    var seconds: Double { Double(self.nanoseconds) / 1e9 }
}
