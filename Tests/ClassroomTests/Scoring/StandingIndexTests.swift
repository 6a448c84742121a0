import CoreTestSupport
import Testing

@testable import Classroom

@Suite("Standings in their order")
struct StandingIndexTests {
    @Test("after any changes a rank is the same as by counting everybody", arguments: 0..<20)
    func ranks(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var index = StandingIndex()
        var standings: [Standing] = []
        for _ in 0..<1_500 {
            if standings.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
                // Few values: equal ones have to be told apart from near ones.
                let standing = Standing(
                    points: Int.random(in: 0..<40, using: &random), correctAnswers: Int.random(in: 0..<3, using: &random),
                    scoringTimeMs: Int.random(in: 0..<40, using: &random))
                standings.append(standing)
                index.insert(standing)
            } else {
                index.remove(standings.remove(at: Int.random(in: standings.indices, using: &random)))
            }
            let probe = Standing(points: Int.random(in: 0..<40, using: &random), scoringTimeMs: Int.random(in: 0..<40, using: &random))
            #expect(index.countAhead(of: probe) == standings.count { $0.isAhead(of: probe) })
        }
    }

    @Test("ten thousand different standings are looked up in a few hundred steps")
    func steps() {
        var index = StandingIndex()
        for number in 0..<10_000 { index.insert(Standing(points: number * 7_919 % 10_007, scoringTimeMs: number)) }
        #expect(index.maximumSteps < 400)
    }
}
