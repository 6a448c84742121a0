import Testing

@testable import ClassroomLive

@Suite("The order of a room's messages that several nodes commit")
struct ChatOrderTests {
    private func order(after last: Int) -> ChatOrder<Int> {
        var order = ChatOrder<Int>(maximumWaiting: 3)
        _ = order.begin(after: last)
        return order
    }

    @Test("messages come out in their order, each once")
    func inOrder() {
        var order = order(after: 4)
        let delivered = [6, 7, 6].map { order.receive($0, sequence: $0) }
        #expect(delivered == [[], [], []])
        #expect(order.hasGap && order.gap == 5..<6)
        let further = [5, 5, 8].map { order.receive($0, sequence: $0) }
        #expect(further == [[5, 6, 7], [], [8]])
        #expect(!order.hasGap)
    }

    @Test("until the room's last message is known all wait, and then none is lost")
    func beginning() {
        var order = ChatOrder<Int>(maximumWaiting: 3)
        let waiting = [5, 4, 7].map { order.receive($0, sequence: $0) }
        #expect(waiting == [[], [], []])
        #expect(!order.hasGap)
        let first = order.begin(after: 4)
        #expect(first == [4, 5])
        #expect(order.hasGap && order.gap == 6..<7)
        let (again, rest) = (order.begin(after: 9), order.receive(6, sequence: 6))
        #expect(again == [])
        #expect(rest == [6, 7])
    }

    @Test("a sequence that no room comes to is ignored, and behind the largest one nothing overflows")
    func impossibleSequences() {
        var order = order(after: 4)
        for sequence in [Int.max, Int.max - 1, Int.max - 2, Int.max - 3, .min, 0, -1, ChatOrder<Int>.sequences.upperBound + 1] {
            let delivered = order.receive(sequence, sequence: sequence)
            #expect(delivered == [])
        }
        #expect(!order.hasGap)
        let last = ChatOrder<Int>.sequences.upperBound
        let delivered = (0...3).map { order.receive($0, sequence: last - 3 + $0) }
        #expect(delivered == [[], [], [], [0, 1, 2, 3]])
        for stored in [Int.max, .min] {
            var order = ChatOrder<Int>(maximumWaiting: 3)
            let first = order.begin(after: stored)
            #expect(first == [] && order.next != nil)
        }
    }

    @Test("so many messages wait for a missing one; with one more it is given up")
    func limit() {
        var order = order(after: 0)
        let delivered = [2, 3, 4, 5, 1].map { order.receive($0, sequence: $0) }
        #expect(delivered == [[], [], [], [2, 3, 4, 5], []])
    }
}
