import ArgumentParser

/// How long a token lasts, as `--expires` says it: a number and s, m, h, d or w.
struct TokenLifetime: ExpressibleByArgument, Equatable {
    /// A hundred years: longer is a mistake.
    static let maximumMilliseconds: Int64 = 36_525 * 24 * 3_600_000

    let milliseconds: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
        guard let unit = argument.last.flatMap({ units[$0] }), argument.dropLast().utf8.allSatisfy({ (48...57).contains($0) }),
            let count = Int64(argument.dropLast()), count > 0
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow, milliseconds <= Self.maximumMilliseconds else { return nil }
        self.milliseconds = milliseconds
    }
}
