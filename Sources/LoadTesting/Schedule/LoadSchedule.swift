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
    public func since(_ other: RunInstant) -> Duration { .nanoseconds(nanoseconds &- other.nanoseconds) }

    var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// The beginning of a virtual user.
public struct UserStart: Sendable, Hashable {
    /// The user's number in the run, from 0.
    public var user: Int
    /// Index into the script's scenarios.
    public var scenario: Int
    public var phase: Int
    /// When the schedule wanted the user to begin. The difference to the real time is the generator's slip.
    public var intendedAt: RunInstant
}

public enum ScheduleDecision: Sendable, Hashable {
    case phaseStarted(Int)
    case start(UserStart)
    /// Skipped: the phase's `maxVusers` are at work already.
    case skipped(phase: Int)
    case phaseEnded(Int)
}

/// Decides when virtual users begin, in the open, closed and partly open model. A value without a clock: its owner calls ``advance(to:)``
/// at ``nextDeadline``, and ``userFinished(_:at:)`` when a user has finished.
public struct LoadSchedule: Sendable {
    private let phases: [Phase]
    private let starts: [RunInstant]
    public let end: RunInstant
    private let weights: [Double]
    private let seed: UInt64
    private let share: WorkerShare
    /// Arrivals so far over the whole run, those of other workers included.
    private var arrivalCount = 0
    private var arrivals: ArrivalTimes
    private var pending: ArrivalTimes.Arrival?
    private var repeats: [(at: RunInstant, phase: Int)] = []
    private var phase = -1
    private var startedUsers = 0
    public private(set) var active = 0
    private var now: RunInstant = .zero
    private var random: SeededGenerator
    /// False after ``stop()``, when no user begins any more.
    private var isRunning = true

    /// - Parameters:
    ///   - weights: of the scenarios. At least one is above 0.
    ///   - timeScale: multiplies durations; rates and numbers of users stay.
    ///   - share: the part of one of several processes.
    public init(phases: [Phase], weights: [Double], seed: UInt64, timeScale: Double = 1, share: WorkerShare = .whole) {
        let scaled = share.phases(phases).map { phase in
            var phase = phase
            phase.duration = phase.duration.scaled(by: timeScale)
            phase.repeatThink = phase.repeatThink.scaled(by: timeScale)
            return phase
        }
        var at = RunInstant.zero
        starts = scaled.map { phase in
            defer { at = at + phase.duration }
            return at
        }
        end = at
        self.phases = scaled
        self.weights = weights
        self.seed = seed
        self.share = share
        arrivals = ArrivalTimes(phases: scaled, random: SeededGenerator(seed: seed, stream: 1))
        random = SeededGenerator(seed: seed, stream: 2)
        pending = nextArrival()
    }

    /// This worker's next arrival.
    private mutating func nextArrival() -> ArrivalTimes.Arrival? {
        while let arrival = arrivals.next() {
            defer { arrivalCount += 1 }
            if share.owns(arrival: arrivalCount) { return arrival }
        }
        return nil
    }

    /// Whether all phases are over and no user is at work or will begin.
    public var isFinished: Bool {
        active == 0 && (!isRunning || (now >= end && pending == nil && repeats.isEmpty))
    }

    /// Whether no user will begin any more.
    public var isOver: Bool { !isRunning || (now >= end && pending == nil && repeats.isEmpty) }

    /// When ``advance(to:)`` must be called next. Nil if never.
    public var nextDeadline: RunInstant? {
        guard isRunning else { return nil }
        var deadline = pending?.at
        func consider(_ instant: RunInstant?) {
            if let instant, instant > now || deadline == nil { deadline = min(deadline ?? instant, instant) }
        }
        if let first = repeats.first { consider(first.at) }
        if phase + 1 < phases.count { consider(starts[phase + 1]) } else if now < end { consider(end) }
        consider(nextClosedStart)
        return deadline
    }

    /// The arrivals up to a time, in order.
    public mutating func advance(to now: RunInstant) -> [ScheduleDecision] {
        guard isRunning else { return [] }
        var decisions: [ScheduleDecision] = []
        while let due = earliestDue(now) {
            self.now = max(self.now, due)
            if phase + 1 < phases.count, starts[phase + 1] <= self.now {
                if phase >= 0 { decisions.append(.phaseEnded(phase)) }
                phase += 1
                decisions.append(.phaseStarted(phase))
                fillClosedPhase(at: starts[phase], &decisions)
            } else if let arrival = pending, arrival.at <= self.now {
                pending = nextArrival()
                arrive(arrival, &decisions)
            } else if let first = repeats.first, first.at <= self.now {
                repeats.removeFirst()
                active -= 1
                decisions.append(.start(begin(at: first.at, phase: first.phase)))
            } else {
                let before = active
                fillClosedPhase(at: due, &decisions)
                if active == before { break }
            }
        }
        let ended = self.now < end && now >= end
        self.now = max(self.now, now)
        if ended, phase >= 0 { decisions.append(.phaseEnded(phase)) }
        return decisions
    }

    /// A user has finished. In a closed phase another one may begin at once; in a partly open one the user may come again.
    public mutating func userFinished(phase: Int, at now: RunInstant) -> [ScheduleDecision] {
        var decisions = advance(to: now)
        active -= 1
        guard isRunning else { return decisions }
        fillClosedPhase(at: now, &decisions)
        guard phases.indices.contains(phase), phases[phase].repeatProbability > 0,
            random.unit() < phases[phase].repeatProbability
        else { return decisions }
        // A user who comes again counts as active in between.
        active += 1
        let at = now + phases[phase].repeatThink
        repeats.insert((at, phase), at: repeats.firstIndex { $0.at > at } ?? repeats.count)
        return decisions + advance(to: now)
    }

    /// Lets no further user begin.
    public mutating func stop() {
        isRunning = false
        active -= repeats.count
        repeats = []
    }

    // MARK: Inner workings

    /// The earliest arrival that is due at `now`. Nil if there is none.
    private func earliestDue(_ now: RunInstant) -> RunInstant? {
        var due: RunInstant?
        func consider(_ instant: RunInstant?) {
            guard let instant, instant <= now else { return }
            due = min(due ?? instant, instant)
        }
        if phase + 1 < phases.count { consider(starts[phase + 1]) }
        consider(pending?.at)
        consider(repeats.first?.at)
        consider(nextClosedStart)
        return due
    }

    private mutating func arrive(_ arrival: ArrivalTimes.Arrival, _ decisions: inout [ScheduleDecision]) {
        if let maximum = phases[arrival.phase].maximumUsers, active >= maximum {
            decisions.append(.skipped(phase: arrival.phase))
        } else {
            decisions.append(.start(begin(at: arrival.at, phase: arrival.phase)))
        }
    }

    private mutating func begin(at: RunInstant, phase: Int) -> UserStart {
        let user = share.user(startedUsers)
        startedUsers += 1
        active += 1
        return UserStart(user: user, scenario: scenario(of: user), phase: phase, intendedAt: at)
    }

    /// The choice depends on the seed and the user's number alone.
    func scenario(of user: Int) -> Int {
        var random = SeededGenerator(seed: seed, stream: 3, index: UInt64(user))
        let point = random.unit() * weights.reduce(0, +)
        var sum = 0.0
        for (index, weight) in weights.enumerated() where weight > 0 {
            sum += weight
            if point < sum { return index }
        }
        return weights.lastIndex { $0 > 0 } ?? 0
    }

    // MARK: Closed phases

    /// The number of users that a closed phase should have at a time. Nil outside of closed phases.
    private func wanted(at instant: RunInstant) -> Int? {
        guard phase >= 0, phase < phases.count, instant < end,
            case .users(let from, let to) = phases[phase].load
        else { return nil }
        let elapsed = instant.since(starts[phase]).inSeconds
        let share = min(max(elapsed / phases[phase].duration.inSeconds, 0), 1)
        return Int((Double(from) + Double(to - from) * share + 1e-9).rounded(.down))
    }

    /// When a closed phase with a rising number of users needs one more than are active.
    private var nextClosedStart: RunInstant? {
        guard phase >= 0, phase < phases.count, case .users(let from, let to) = phases[phase].load,
            to > from, active < to
        else { return nil }
        let share = max(Double(active + 1 - from) / Double(to - from), 0)
        let start = starts[phase]
        let end = start + phases[phase].duration
        guard now < end else { return nil }
        // A nanosecond more, so that rounding cannot give a time before the number is reached.
        let at = start + phases[phase].duration.scaled(by: share) + .nanoseconds(1)
        let next = share == 0 ? max(start, now) : max(at, now)
        return next < end ? next : nil
    }

    private mutating func fillClosedPhase(at instant: RunInstant, _ decisions: inout [ScheduleDecision]) {
        guard let wanted = self.wanted(at: instant) else { return }
        while active < wanted { decisions.append(.start(begin(at: instant, phase: phase))) }
    }
}
