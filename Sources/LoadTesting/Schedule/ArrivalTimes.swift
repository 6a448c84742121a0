#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// When users arrive in the open phases of a script, one after the other.
///
/// The expected number of arrivals up to a time is the exact integral of the rate: a ramp is a parabola, not a staircase. Uniform arrivals
/// come whenever that number passes an integer, and a fraction is carried from one phase into the next; Poisson arrivals come at
/// exponentially distributed distances of that number.
struct ArrivalTimes: Sendable {
    struct Arrival: Sendable, Hashable {
        var at: RunInstant
        var phase: Int
    }

    private let phases: [Phase]
    private let starts: [Double]
    private var random: SeededGenerator
    private var phase = 0
    /// Expected arrivals of the rate phases before the current one.
    private var expectedBefore = 0.0
    /// The expected number at which the next arrival of a rate phase is due.
    private var threshold: Double = 0
    private var poissonThreshold: Double
    /// Arrivals of the current `arrivalCount` phase so far, and when the last one was.
    private var counted = 0
    private var lastCounted = 0.0

    /// - Parameter phases: with their durations scaled.
    init(phases: [Phase], random: SeededGenerator) {
        self.phases = phases
        var start = 0.0
        starts = phases.map { phase in
            defer { start += phase.duration.inSeconds }
            return start
        }
        self.random = random
        poissonThreshold = 0
        poissonThreshold = Self.exponential(&self.random)
    }

    private static func exponential(_ random: inout SeededGenerator) -> Double { -log(1 - random.unit()) }

    mutating func next() -> Arrival? {
        while phase < phases.count {
            if let offset = nextWithinPhase() {
                return Arrival(at: RunInstant(nanoseconds: Int64(((starts[phase] + offset) * 1e9).rounded())), phase: phase)
            }
            if case .rate(let from, let to) = phases[phase].load {
                expectedBefore += (from + to) / 2 * phases[phase].duration.inSeconds
            }
            phase += 1
            counted = 0
            lastCounted = 0
        }
        return nil
    }

    /// Seconds from the start of the phase.
    private mutating func nextWithinPhase() -> Double? {
        let phase = phases[self.phase]
        let duration = phase.duration.inSeconds
        switch phase.load {
        case .pause, .users: return nil
        case .count(let count): return nextCounted(count, duration: duration, spacing: phase.spacing)
        case .rate(let from, let to):
            let total = (from + to) / 2 * duration
            let due = (phase.spacing == .poisson ? poissonThreshold : threshold) - expectedBefore
            // Rounding must not add an arrival at the end of a phase.
            guard due < total - 1e-9 * max(1, total) else { return nil }
            if phase.spacing == .poisson {
                poissonThreshold += Self.exponential(&random)
            } else {
                threshold += 1
            }
            guard due > 0 else { return 0 }
            let slope = (to - from) / duration
            let root = (from * from + 2 * slope * due).squareRoot()
            return min(2 * due / (from + root), duration)
        }
    }

    private mutating func nextCounted(_ count: Int, duration: Double, spacing: Phase.Spacing) -> Double? {
        guard counted < count else { return nil }
        defer { counted += 1 }
        guard spacing == .poisson else { return duration * Double(counted) / Double(count) }
        // The smallest of the remaining uniformly distributed times.
        let share = 1 - pow(1 - random.unit(), 1 / Double(count - counted))
        lastCounted += (duration - lastCounted) * share
        return lastCounted
    }
}
