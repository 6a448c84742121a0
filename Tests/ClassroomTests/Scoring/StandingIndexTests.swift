import CoreTestSupport
import Testing

@testable import Classroom

@Suite("Standings in their order")
struct StandingIndexTests {
    private func place(_ standing: Standing, joinedAt: Int64 = 0, _ number: Int) -> BoardPlace {
        let record = ParticipantRecord(sessionID: "s", userID: "u\(number)", username: "u\(number)", joinedAt: joinedAt)
        return BoardPlace(record, standing, position: number)
    }

    @Test("after any changes a rank is the same as by counting everybody, and the first are the same as by sorting all", arguments: 0..<20)
    func ranks(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var index = StandingIndex()
        var places: [BoardPlace] = []
        for number in 0..<1_500 {
            if places.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
                // Few values: equal ones have to be told apart from near ones.
                let standing = Standing(
                    points: Int.random(in: 0..<40, using: &random), correctAnswers: Int.random(in: 0..<3, using: &random),
                    scoringTimeMs: Int.random(in: 0..<40, using: &random))
                places.append(place(standing, joinedAt: Int64.random(in: 0..<3, using: &random), number))
                index.insert(places[places.count - 1])
            } else {
                index.remove(places.remove(at: Int.random(in: places.indices, using: &random)))
            }
            let probe = Standing(points: Int.random(in: 0..<40, using: &random), scoringTimeMs: Int.random(in: 0..<40, using: &random))
            #expect(index.countAhead(of: probe) == places.count { $0.standing.isAhead(of: probe) })
            guard number % 100 == 0 else { continue }
            let order = places.sorted { $0.isBefore($1) }.map(\.position)
            for limit in [-1, 0, 1, 100, 127, 128, 129, 10_000] { #expect(index.first(limit) == Array(order.prefix(max(0, limit)))) }
        }
    }

    @Test("ten thousand players are looked up in a few hundred steps, with equal standings or not", arguments: [true, false])
    func steps(areEqual: Bool) {
        var index = StandingIndex()
        for number in 0..<10_000 {
            let standing = areEqual ? Standing() : Standing(points: number * 7_919 % 10_007, scoringTimeMs: number)
            index.insert(place(standing, joinedAt: Int64(number), number))
        }
        #expect(index.maximumSteps < 400)
    }
}
