import Testing

@testable import LoadTesting

@Suite("Load schedules")
struct LoadScheduleTests {
    private func times(_ phases: [Phase], seed: UInt64 = 1) -> [Double] {
        var arrivals = ArrivalTimes(phases: phases, random: SeededGenerator(seed: seed))
        var times: [Double] = []
        while let arrival = arrivals.next() { times.append(arrival.at.seconds) }
        return times
    }

    private func rate(_ seconds: Int64, _ from: Double, _ to: Double? = nil, _ spacing: Phase.Spacing = .uniform) -> Phase {
        Phase(duration: .seconds(seconds), load: .rate(from: from, to: to ?? from), spacing: spacing)
    }

    @Test("a constant rate gives exactly rate times duration arrivals, evenly")
    func constant() {
        let times = times([rate(60, 5)])
        #expect(times.count == 300)
        #expect(times[0] == 0 && abs(times[299] - 59.8) < 1e-6)
    }

    @Test("a ramp is the exact integral, not a staircase")
    func ramp() {
        let times = times([rate(300, 5, 50)])
        // 5 t + 45 t² / 600 at t = 300 is 8,250.
        #expect(times.count == 8250)
        for index in stride(from: 0, to: times.count, by: 97) {
            let t = times[index]
            #expect(abs(5 * t + 45 * t * t / 600 - Double(index)) < 1e-3)
        }
    }

    @Test("ramps from and to zero work")
    func rampsAtZero() {
        #expect(times([rate(10, 0, 10)]).count == 50)
        #expect(times([rate(10, 10, 0)]).count == 50)
        #expect(times([rate(10, 0, 0)]).isEmpty)
    }

    @Test("the source document's phases give 72,000 arrivals in order")
    func document() throws {
        let script = try parse(classroomScript)
        let times = times(script.configuration.phases)
        // 300 + 8,250 + 30,000 + 15,000 + 18,450
        #expect(times.count == 72_000)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test("a fraction of an arrival is carried into the next phase")
    func carry() {
        #expect(times(Array(repeating: rate(1, 0.5), count: 10)).count == 5)
    }

    @Test("arrivalCount gives exactly this many, evenly or at random")
    func counts() {
        let even = times([Phase(duration: .seconds(10), load: .count(4))])
        #expect(even == [0, 2.5, 5, 7.5])
        let random = times([Phase(duration: .seconds(10), load: .count(1000), spacing: .poisson)])
        #expect(random.count == 1000 && random.allSatisfy { (0...10).contains($0) } && random == random.sorted())
        #expect(abs(random.reduce(0, +) / 1000 - 5) < 0.5)
    }

    @Test("Poisson arrivals have the rate and the variance of a Poisson process, by seed")
    func poisson() {
        let times = times([rate(1000, 50, nil, .poisson)], seed: 3)
        #expect(abs(Double(times.count) - 50_000) < 1_000)
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(gaps.count)
        #expect(abs(variance.squareRoot() / mean - 1) < 0.05)
        #expect(times == self.times([rate(1000, 50, nil, .poisson)], seed: 3))
        #expect(times != self.times([rate(1000, 50, nil, .poisson)], seed: 4))
    }

    private func run(_ schedule: inout LoadSchedule, sessions: Duration, limit: Int = 100_000) -> (
        starts: [UserStart], skipped: Int, peak: Int
    ) {
        var starts: [UserStart] = []
        var skipped = 0
        var peak = 0
        var ends: [(at: RunInstant, phase: Int)] = []
        var calls = 0
        func take(_ decisions: [ScheduleDecision]) {
            for decision in decisions {
                switch decision {
                case .start(let start):
                    starts.append(start)
                    ends.append((start.intendedAt + sessions, start.phase))
                case .skipped: skipped += 1
                default: break
                }
            }
        }
        while !schedule.isFinished, calls < limit {
            calls += 1
            let end = ends.min { $0.at < $1.at }
            guard let next = [schedule.nextDeadline, end?.at].compactMap({ $0 }).min() else { break }
            take(schedule.advance(to: next))
            while let index = ends.firstIndex(where: { $0.at <= next }) {
                take(schedule.userFinished(phase: ends.remove(at: index).phase, at: next))
            }
            peak = max(peak, schedule.active)
        }
        return (starts, skipped, peak)
    }

    @Test("arrivals beyond maxVusers are skipped and counted")
    func maximumUsers() {
        var schedule = LoadSchedule(
            phases: [Phase(duration: .seconds(10), load: .rate(from: 10, to: 10), maximumUsers: 5)], weights: [1], seed: 1)
        let result = run(&schedule, sessions: .seconds(2))
        #expect(result.peak == 5)
        #expect(result.starts.count + result.skipped == 100)
        #expect(result.skipped > 50)
        #expect(schedule.isFinished)
    }

    @Test("a closed phase holds its number of users, replaces who is done, and stops at its end")
    func closed() {
        var schedule = LoadSchedule(phases: [Phase(duration: .seconds(10), load: .users(from: 4, to: 4))], weights: [1], seed: 1)
        let result = run(&schedule, sessions: .seconds(1))
        #expect(result.peak == 4)
        #expect(result.starts.count == 40)
        #expect(schedule.isFinished)
    }

    @Test("a closed phase may ramp up")
    func closedRamp() {
        var schedule = LoadSchedule(phases: [Phase(duration: .seconds(10), load: .users(from: 0, to: 10))], weights: [1], seed: 1)
        let result = run(&schedule, sessions: .seconds(100))
        #expect(result.starts.count == 9)
        #expect(result.starts.map { ($0.intendedAt.seconds * 1e6).rounded() / 1e6 } == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test("a fast closed ramp reaches its number, whatever is rounded")
    func fastClosedRamp() {
        for users in [7, 999, 3001] {
            var schedule = LoadSchedule(phases: [Phase(duration: .seconds(3), load: .users(from: 1, to: users))], weights: [1], seed: 1)
            let result = run(&schedule, sessions: .seconds(100))
            #expect(result.starts.count == users - 1)
        }
    }

    @Test("in a partly open phase users come again with a probability")
    func partlyOpen() {
        var phase = Phase(duration: .seconds(1000), load: .rate(from: 1, to: 1))
        phase.repeatProbability = 0.5
        phase.repeatThink = .seconds(1)
        var schedule = LoadSchedule(phases: [phase], weights: [1], seed: 1)
        let result = run(&schedule, sessions: .seconds(1))
        // Each arrival plays 1 / (1 - 0.5) sessions on average.
        #expect(abs(result.starts.count - 2000) < 200)
        #expect(schedule.isFinished && schedule.active == 0)
    }

    @Test("scenarios are picked by weight, and the pick depends on seed and user alone")
    func weights() {
        let schedule = LoadSchedule(phases: [], weights: [60, 30, 10, 0], seed: 9)
        var counts = [0, 0, 0, 0]
        for user in 0..<10_000 { counts[schedule.scenario(of: user)] += 1 }
        #expect(abs(counts[0] - 6000) < 200 && abs(counts[1] - 3000) < 200 && abs(counts[2] - 1000) < 150 && counts[3] == 0)
        let again = LoadSchedule(phases: [], weights: [60, 30, 10, 0], seed: 9)
        #expect((0..<100).map { schedule.scenario(of: $0) } == (0..<100).map { again.scenario(of: $0) })
    }

    @Test("the time scale shortens phases and pauses and keeps rates")
    func timeScale() {
        var schedule = LoadSchedule(
            phases: [Phase(duration: .seconds(100), load: .rate(from: 5, to: 5)), Phase(duration: .seconds(50), load: .pause)],
            weights: [1], seed: 1,
            timeScale: 0.1)
        #expect(schedule.end == RunInstant(nanoseconds: 15_000_000_000))
        #expect(run(&schedule, sessions: .seconds(1)).starts.count == 50)
    }

    @Test("the longest phase at the greatest time scale ends after thirty years")
    func greatestTimeScale() {
        let schedule = LoadSchedule(
            phases: [Phase(duration: .seconds(366 * 86_400), load: .pause)], weights: [1], seed: 1, timeScale: 1000)
        #expect(schedule.end == RunInstant(nanoseconds: 1_000_000_000_000_000_000))
    }

    @Test("stop: nobody begins any more")
    func stop() {
        var schedule = LoadSchedule(phases: [Phase(duration: .seconds(10), load: .rate(from: 1, to: 1))], weights: [1], seed: 1)
        _ = schedule.advance(to: RunInstant(nanoseconds: 2_500_000_000))
        #expect(schedule.active == 3)
        schedule.stop()
        #expect(schedule.advance(to: RunInstant(nanoseconds: 9_000_000_000)).isEmpty)
        for _ in 0..<3 { _ = schedule.userFinished(phase: 0, at: RunInstant(nanoseconds: 9_000_000_000)) }
        #expect(schedule.isFinished)
    }
}
