import Testing

@testable import SocketIOServer

@Suite("Memory of what clients do not read")
struct UnreadQueuesTests {
    private func slot(_ index: UInt32) -> ConnectionSlot { ConnectionSlot(index: index, generation: 1) }

    @Test("at the limit nobody goes, one byte more names the longest queue")
    func limit() {
        var queues = UnreadQueues(maximumBytes: 100)
        #expect(queues.wait(slot(1), bytes: 60) == nil)
        #expect(queues.wait(slot(2), bytes: 40) == nil)
        #expect(queues.bytes == 100)
        #expect(queues.wait(slot(2), bytes: 41) == slot(1))
        queues.remove(slot(1))
        #expect(queues.bytes == 41 && queues.wait(slot(3), bytes: 59) == nil)
    }

    @Test("what the transport has got counts on, and what is read counts no more")
    func written() {
        var queues = UnreadQueues(maximumBytes: 100)
        #expect(queues.wait(slot(1), bytes: 30) == nil)
        #expect(queues.write(slot(1), bytes: 30) == nil && queues.bytes == 30)
        #expect(queues.wait(slot(1), bytes: 70) == nil && queues.bytes == 100)
        #expect(queues.wait(slot(1), bytes: 71) == slot(1))
        queues.remove(slot(1))
        #expect(queues.isEmpty && queues.bytes == 0)
        #expect(queues.wait(slot(1), bytes: 0) == nil && queues.isEmpty)
    }
}
