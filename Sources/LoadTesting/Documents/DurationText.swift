/// Times as scripts write them: `5m`, `250ms`, `1.5 s`; a number without a unit is seconds.
enum DurationText {
    private static let units: [(names: [String], nanoseconds: Double)] = [
        (["ms", "msec", "msecs", "millisecond", "milliseconds"], 1e6), (["s", "sec", "secs", "second", "seconds"], 1e9),
        (["m", "min", "mins", "minute", "minutes"], 60e9), (["h", "hr", "hrs", "hour", "hours"], 3600e9),
        (["d", "day", "days"], 86_400e9), (["us", "µs"], 1e3),
    ]
    /// A year. A longer time is a mistake.
    static let maximumSeconds = 366 * 86_400.0

    /// Nil if the text is not a time, is negative, or is longer than a year.
    ///
    /// - Parameter unitless: the nanoseconds of a number without a unit.
    static func parse(_ text: String, unitless: Double = 1e9) -> Duration? {
        let trimmed = text.drop { $0.isWhitespace }
        let number = trimmed.prefix { $0.isNumber || $0 == "." }
        let unit = trimmed.dropFirst(number.count).filter { !$0.isWhitespace }.lowercased()
        guard let value = Double(number) else { return nil }
        let factor = unit.isEmpty ? unitless : Self.units.first { $0.names.contains(unit) }?.nanoseconds
        guard let factor else { return nil }
        return Self.duration(nanoseconds: value * factor)
    }

    static func seconds(_ value: Double) -> Duration? { Self.duration(nanoseconds: value * 1e9) }

    private static func duration(nanoseconds: Double) -> Duration? {
        guard nanoseconds.isFinite, nanoseconds >= 0, nanoseconds <= Self.maximumSeconds * 1e9 else { return nil }
        return .nanoseconds(Int64(nanoseconds.rounded()))
    }

    /// A number of seconds, or a text with a unit.
    static func duration(_ value: ScriptValue) -> Duration? {
        if let number = value.strictNumber { return Self.seconds(number) }
        guard case .string(let text) = value else { return nil }
        return Self.parse(text)
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }

    var inSeconds: Double { Double(nanoseconds) / 1e9 }
    var inMilliseconds: Double { Double(nanoseconds) / 1e6 }

    /// Thirty years at most, because a year a thousand times over has more nanoseconds than an `Int64` holds.
    func scaled(by factor: Double) -> Duration { .nanoseconds(Int64(min(Double(nanoseconds) * factor, 1e18).rounded())) }
}
