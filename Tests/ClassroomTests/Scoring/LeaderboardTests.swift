import Classroom
import CoreTestSupport
import Testing

@Suite("The leaderboard")
struct LeaderboardTests {
    private func participant(_ user: String, kicked: Bool = false) -> ParticipantRecord {
        ParticipantRecord(sessionID: "s", userID: user, username: user.uppercased(), joinedAt: 0, kicked: kicked)
    }

    private func answer(_ user: String, _ question: String, points: Int, elapsed: Int) -> AnswerRecord {
        AnswerRecord(
            sessionID: "s", questionID: question, userID: user, answer: .index(0), correct: points > 0, score: points, timeBonus: 0,
            elapsedMs: elapsed, answeredAt: 0)
    }

    @Test("points first, then the time of the scoring answers; exact ties share a rank")
    func ties() {
        let board = Leaderboard(
            participants: ["slow", "tie1", "best", "tie2", "none"].map { participant($0) },
            answers: [
                answer("slow", "q1", points: 100, elapsed: 900), answer("tie1", "q1", points: 100, elapsed: 500),
                answer("tie2", "q1", points: 100, elapsed: 500), answer("best", "q1", points: 120, elapsed: 2_000),
                // A wrong answer costs no time.
                answer("tie1", "q2", points: 0, elapsed: 9_000),
            ])
        #expect(board.entries.map(\.userId) == ["best", "tie1", "tie2", "slow", "none"])
        #expect(board.entries.map(\.rank) == [1, 2, 2, 4, 5])
        #expect(board.entries.map(\.score) == [120, 100, 100, 100, 0])
        #expect(board.entries.map(\.correctAnswers) == [1, 1, 1, 1, 0])
        #expect(board.entries.first?.username == "BEST")
    }

    @Test("all who joined are on it, kicked ones and strangers are not")
    func members() {
        let board = Leaderboard(
            participants: [participant("a"), participant("b", kicked: true), participant("c")],
            answers: [answer("b", "q1", points: 100, elapsed: 1), answer("stranger", "q1", points: 100, elapsed: 1)])
        #expect(board.entries.map(\.userId) == ["a", "c"])
        #expect(board.entries.map(\.rank) == [1, 1])
    }

    @Test("the order of the answers doesn't matter")
    func order() {
        var generator = SeededGenerator(seed: 3)
        let participants = (0..<20).map { participant("u\($0)") }
        var answers = (0..<200).map {
            answer("u\($0 % 20)", "q\($0 / 20)", points: Int.random(in: 0...3, using: &generator) * 50, elapsed: $0)
        }
        let board = Leaderboard(participants: participants, answers: answers)
        for _ in 0..<5 {
            answers.shuffle(using: &generator)
            #expect(Leaderboard(participants: participants, answers: answers) == board)
        }
    }

    @Test("who joined in one millisecond has the same place whatever order the server has them in")
    func ofOneMillisecond() {
        var generator = SeededGenerator(seed: 4)
        var participants = ["b", "a", "d", "c"].map { participant($0) }
        participants[3].joinedAt = -1
        for _ in 0..<5 {
            participants.shuffle(using: &generator)
            #expect(Leaderboard(participants: participants, answers: []).entries.map(\.userId) == ["c", "a", "b", "d"])
        }
    }

    @Test("the first 100 are sent, and everybody has a place")
    func hundred() throws {
        var room = Room()
        for index in 0..<101 { try room.join("u\(index)") }
        let payload = room.session.leaderboardPayload()
        #expect(payload.entries.count == 100)
        #expect(payload.summary.players == 101)
        #expect(payload.summary.final == false)
        #expect(room.session.leaderboard().standing(of: "u100") == OwnStanding(rank: 1, score: 0, correctAnswers: 0, players: 101))
        #expect(room.session.leaderboard().standing(of: "nobody") == nil)
    }
}

@Suite("When boards are sent")
struct LeaderboardThrottleTests {
    @Test("a change is gathered, captured, and sent an interval later")
    func one() {
        var throttle = LeaderboardThrottle(intervalMs: 100, gatherMs: 25)
        #expect(throttle.changed(at: 0) == .wait(next: 25))
        #expect(throttle.changed(at: 10) == .none)
        #expect(throttle.fired(at: 24) == .wait(next: 25))
        #expect(throttle.fired(at: 25) == .capture(next: 125))
        #expect(throttle.fired(at: 124) == .wait(next: 125))
        #expect(throttle.fired(at: 125) == .send)
        #expect(throttle.fired(at: 126) == .none)
    }

    @Test("a change after the capture is in the next board")
    func two() {
        var throttle = LeaderboardThrottle(intervalMs: 100, gatherMs: 25)
        _ = throttle.changed(at: 0)
        _ = throttle.fired(at: 25)
        #expect(throttle.changed(at: 30) == .none)
        #expect(throttle.fired(at: 125) == .sendAndCapture(next: 225))
        #expect(throttle.fired(at: 225) == .send)
    }

    @Test("under any stream of changes: at most ten a second, each 100 ms after what it counts, the last one complete", arguments: 0..<10)
    func stream(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var throttle = LeaderboardThrottle()
        var due: UnixMilliseconds?
        var captured: (at: UnixMilliseconds, count: Int)?
        var sent: [(at: UnixMilliseconds, capturedAt: UnixMilliseconds, count: Int)] = []
        var changes = 0
        for now in Int64(0)..<5_000 {
            while let at = due, at <= now {
                due = nil
                let action = throttle.fired(at: now)
                switch action {
                case .send, .sendAndCapture:
                    if let captured { sent.append((now, captured.at, captured.count)) }
                default: break
                }
                switch action {
                case .wait(let next): due = next
                case .capture(let next), .sendAndCapture(let next):
                    captured = (now, changes)
                    due = next
                default: break
                }
            }
            if now < 4_000, Int.random(in: 0..<20, using: &generator) == 0 {
                changes += 1
                if case .wait(let next) = throttle.changed(at: now) { due = next }
            }
        }
        #expect(sent.last?.count == changes)
        #expect(sent.allSatisfy { $0.at - $0.capturedAt >= 100 })
        #expect(zip(sent, sent.dropFirst()).allSatisfy { $1.at - $0.at >= 100 })
        #expect(zip(sent, sent.dropFirst()).allSatisfy { $0.count <= $1.count })
    }
}
