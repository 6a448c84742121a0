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

/// A virtual user that begins, or does not.
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
    /// Over the whole run, all workers' taken together.
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
    ///   - weights: of the scenarios. One at least is above 0.
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
        self.starts = scaled.map { phase in
            defer { at = at + phase.duration }
            return at
        }
        self.end = at
        self.phases = scaled
        self.weights = weights
        self.seed = seed
        self.share = share
        self.arrivals = ArrivalTimes(phases: scaled, random: SeededGenerator(seed: seed, stream: 1))
        self.random = SeededGenerator(seed: seed, stream: 2)
        self.pending = self.nextArrival()
    }

    /// The next one of this worker's.
    private mutating func nextArrival() -> ArrivalTimes.Arrival? {
        while let arrival = self.arrivals.next() {
            defer { self.arrivalCount += 1 }
            if self.share.owns(arrival: self.arrivalCount) { return arrival }
        }
        return nil
    }

    /// Whether all phases are over and no user is at work or will begin.
    public var isFinished: Bool {
        self.active == 0 && (!self.isRunning || (self.now >= self.end && self.pending == nil && self.repeats.isEmpty))
    }

    /// Whether a user may still begin.
    public var isOver: Bool { !self.isRunning || (self.now >= self.end && self.pending == nil && self.repeats.isEmpty) }

    /// When ``advance(to:)`` must be called next. Nil if never.
    public var nextDeadline: RunInstant? {
        guard self.isRunning else { return nil }
        var deadline = self.pending?.at
        func consider(_ instant: RunInstant?) {
            if let instant, instant > self.now || deadline == nil { deadline = min(deadline ?? instant, instant) }
        }
        if let first = self.repeats.first { consider(first.at) }
        if self.phase + 1 < self.phases.count { consider(self.starts[self.phase + 1]) } else if self.now < self.end { consider(self.end) }
        consider(self.nextClosedStart)
        return deadline
    }

    /// The arrivals up to a time, in order.
    public mutating func advance(to now: RunInstant) -> [ScheduleDecision] {
        guard self.isRunning else { return [] }
        var decisions: [ScheduleDecision] = []
        while let due = self.earliestDue(now) {
            self.now = max(self.now, due)
            if self.phase + 1 < self.phases.count, self.starts[self.phase + 1] <= self.now {
                if self.phase >= 0 { decisions.append(.phaseEnded(self.phase)) }
                self.phase += 1
                decisions.append(.phaseStarted(self.phase))
                self.fillClosedPhase(at: self.starts[self.phase], &decisions)
            } else if let arrival = self.pending, arrival.at <= self.now {
                self.pending = self.nextArrival()
                self.arrive(arrival, &decisions)
            } else if let first = self.repeats.first, first.at <= self.now {
                self.repeats.removeFirst()
                self.active -= 1
                decisions.append(.start(self.begin(at: first.at, phase: first.phase)))
            } else {
                let before = self.active
                self.fillClosedPhase(at: due, &decisions)
                if self.active == before { break }
            }
        }
        let ended = self.now < self.end && now >= self.end
        self.now = max(self.now, now)
        if ended, self.phase >= 0 { decisions.append(.phaseEnded(self.phase)) }
        return decisions
    }

    /// A user has finished. In a closed phase another one may begin at once; in a partly open one the user may come again.
    public mutating func userFinished(phase: Int, at now: RunInstant) -> [ScheduleDecision] {
        var decisions = self.advance(to: now)
        self.active -= 1
        guard self.isRunning else { return decisions }
        self.fillClosedPhase(at: now, &decisions)
        guard self.phases.indices.contains(phase), self.phases[phase].repeatProbability > 0,
            self.random.unit() < self.phases[phase].repeatProbability
        else { return decisions }
        // A user who comes again counts as active in between.
        self.active += 1
        let at = now + self.phases[phase].repeatThink
        self.repeats.insert((at, phase), at: self.repeats.firstIndex { $0.at > at } ?? self.repeats.count)
        return decisions + self.advance(to: now)
    }

    /// Lets no further user begin.
    public mutating func stop() {
        self.isRunning = false
        self.active -= self.repeats.count
        self.repeats = []
    }

    // MARK: Inner workings

    /// The earliest arrival that is due at `now`. Nil if there is none.
    private func earliestDue(_ now: RunInstant) -> RunInstant? {
        var due: RunInstant?
        func consider(_ instant: RunInstant?) {
            guard let instant, instant <= now else { return }
            due = min(due ?? instant, instant)
        }
        if self.phase + 1 < self.phases.count { consider(self.starts[self.phase + 1]) }
        consider(self.pending?.at)
        consider(self.repeats.first?.at)
        consider(self.nextClosedStart)
        return due
    }

    private mutating func arrive(_ arrival: ArrivalTimes.Arrival, _ decisions: inout [ScheduleDecision]) {
        if let maximum = self.phases[arrival.phase].maximumUsers, self.active >= maximum {
            decisions.append(.skipped(phase: arrival.phase))
        } else {
            decisions.append(.start(self.begin(at: arrival.at, phase: arrival.phase)))
        }
    }

    private mutating func begin(at: RunInstant, phase: Int) -> UserStart {
        let user = self.share.user(self.startedUsers)
        self.startedUsers += 1
        self.active += 1
        return UserStart(user: user, scenario: self.scenario(of: user), phase: phase, intendedAt: at)
    }

    /// The choice depends on the seed and the user's number alone.
    func scenario(of user: Int) -> Int {
        var random = SeededGenerator(seed: self.seed, stream: 3, index: UInt64(user))
        let point = random.unit() * self.weights.reduce(0, +)
        var sum = 0.0
        for (index, weight) in self.weights.enumerated() where weight > 0 {
            sum += weight
            if point < sum { return index }
        }
        return self.weights.lastIndex { $0 > 0 } ?? 0
    }

    // MARK: Closed phases

    /// How many users a closed phase wants at a time.
    private func wanted(at instant: RunInstant) -> Int? {
        guard self.phase >= 0, self.phase < self.phases.count, instant < self.end,
            case .users(let from, let to) = self.phases[self.phase].load
        else { return nil }
        let elapsed = instant.since(self.starts[self.phase]).inSeconds
        let share = min(max(elapsed / self.phases[self.phase].duration.inSeconds, 0), 1)
        return Int((Double(from) + Double(to - from) * share + 1e-9).rounded(.down))
    }

    /// When a rising number of users asks for one more than are active.
    private var nextClosedStart: RunInstant? {
        guard self.phase >= 0, self.phase < self.phases.count, case .users(let from, let to) = self.phases[self.phase].load,
            to > from, self.active < to
        else { return nil }
        let share = max(Double(self.active + 1 - from) / Double(to - from), 0)
        let start = self.starts[self.phase]
        let end = start + self.phases[self.phase].duration
        guard self.now < end else { return nil }
        // A nanosecond more, so that rounding cannot give a time before the number is reached.
        let at = start + self.phases[self.phase].duration.scaled(by: share) + .nanoseconds(1)
        let next = share == 0 ? max(start, self.now) : max(at, self.now)
        return next < end ? next : nil
    }

    private mutating func fillClosedPhase(at instant: RunInstant, _ decisions: inout [ScheduleDecision]) {
        guard let wanted = self.wanted(at: instant) else { return }
        while self.active < wanted { decisions.append(.start(self.begin(at: instant, phase: self.phase))) }
    }
}
