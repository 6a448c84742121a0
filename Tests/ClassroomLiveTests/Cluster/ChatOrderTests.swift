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

    @Test("so many messages wait for a missing one; with one more it is given up")
    func limit() {
        var order = order(after: 0)
        let delivered = [2, 3, 4, 5, 1].map { order.receive($0, sequence: $0) }
        #expect(delivered == [[], [], [], [2, 3, 4, 5], []])
    }
}
