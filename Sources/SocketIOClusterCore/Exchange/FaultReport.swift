/// Counts faults that strangers can cause at any rate, and says when one is worth a line in the log. Time is a parameter, counted from any
/// moment.
public struct FaultReport: Sendable {
    /// All since the start.
    public private(set) var count = 0
    private var unreported = 0
    private var next: Duration?
    private let interval: Duration

    /// - Parameter interval: between two lines.
    public init(interval: Duration = .seconds(10)) { self.interval = interval }

    /// One more.
    ///
    /// - Returns: how many there were since the last line, if now is the time for one.
    public mutating func note(at now: Duration) -> Int? {
        count += 1
        unreported += 1
        if let next, now < next { return nil }
        self.next = now + interval
        defer { unreported = 0 }
        return unreported
    }
}
