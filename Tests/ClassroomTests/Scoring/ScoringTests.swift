import Classroom
import Testing

@Suite("Scoring")
struct ScoringTests {
    @Test(
        "the bonus falls evenly with the time that remains",
        arguments: [
            (0, 50), (1, 49), (599, 49), (600, 49), (601, 48), (15_000, 25), (29_400, 1), (29_401, 0), (30_000, 0), (99_000, 0), (-5, 50),
        ])
    func bonus(_ elapsed: Int, _ bonus: Int) {
        let points = Scoring.points(correct: true, elapsedMs: elapsed, durationMs: 30_000, scoring: .speed)
        #expect(points.score == 100)
        #expect(points.timeBonus == bonus)
    }

    @Test("a wrong answer is worth nothing, however quick")
    func wrong() {
        #expect(Scoring.points(correct: false, elapsedMs: 0, durationMs: 30_000, scoring: .speed) == (0, 0))
    }

    @Test("accuracy scoring and a question without duration know no bonus")
    func noBonus() {
        #expect(Scoring.points(correct: true, elapsedMs: 0, durationMs: 30_000, scoring: .accuracy) == (100, 0))
        #expect(Scoring.points(correct: true, elapsedMs: 0, durationMs: 0, scoring: .speed) == (100, 0))
    }
}
