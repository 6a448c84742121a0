import Testing

@testable import ClassroomStore

/// The decisions of the group committer, without a thread and without a clock.
@Suite("Commit queue")
struct CommitQueueTests {
    private typealias Queue = CommitQueue<Int>

    private func queue(queued: Int = 100, batch: Int = 10) -> Queue {
        Queue(maximumQueued: queued, maximumBatch: batch, window: .milliseconds(2))
    }

    @Test("a write that finds the writer parked wakes it and is committed at once")
    func idle() {
        var queue = queue()
        #expect(queue.next(now: .zero) == .park)
        #expect(queue.offer(1) == .accepted(wake: true))
        #expect(queue.next(now: .zero) == .commit([1]))
    }

    @Test("what waits is bounded in bytes too; what is committed is given back, and as much fits again")
    func bytes() {
        var queue = Queue(maximumQueued: 100, maximumQueuedBytes: 10, maximumBatch: 1, window: .milliseconds(2))
        for round in 0..<3 {
            #expect(queue.offer(round, bytes: 6) != .full)
            #expect(queue.offer(round, bytes: 4) != .full)
            #expect(queue.offer(round, bytes: 1) == .full)
            #expect(queue.next(now: .seconds(3 * round + 1)) == .commit([round]))
            #expect(queue.byteCount == 4)
            #expect(queue.next(now: .seconds(3 * round + 2)) == .commit([round]))
            #expect(queue.byteCount == 0)
        }
        // One that is larger than all may be is no reason to stand still.
        #expect(queue.offer(9, bytes: 11) != .full)
    }

    @Test("only the first of several writes wakes the parked writer")
    func oneWake() {
        var queue = queue()
        #expect(queue.next(now: .zero) == .park)
        #expect(queue.offer(1) == .accepted(wake: true))
        #expect(queue.offer(2) == .accepted(wake: false))
        #expect(queue.next(now: .zero) == .commit([1, 2]))
    }

    @Test("writes that arrive during a commit share the next one, in their order")
    func sharing() {
        var queue = queue()
        _ = queue.offer(1)
        #expect(queue.next(now: .zero) == .commit([1]))
        for write in 2...4 { #expect(queue.offer(write) == .accepted(wake: false)) }
        #expect(queue.next(now: .milliseconds(1)) == .commit([2, 3, 4]))
        #expect(queue.next(now: .milliseconds(1)) == .park)
    }

    @Test("one write after the other never waits")
    func sequential() {
        var queue = queue()
        for write in 1...5 {
            _ = queue.offer(write)
            #expect(queue.next(now: .microseconds(write)) == .commit([write]))
            #expect(queue.next(now: .microseconds(write)) == .park)
        }
    }

    @Test("in a burst the next transaction begins a window after the last one began, not earlier")
    func window() {
        var queue = queue()
        for write in 1...2 { _ = queue.offer(write) }
        #expect(queue.next(now: .milliseconds(10)) == .commit([1, 2]))
        _ = queue.offer(3)
        #expect(queue.next(now: .milliseconds(11)) == .linger(until: .milliseconds(12)))
        #expect(queue.offer(4) == .accepted(wake: false))
        #expect(queue.next(now: .milliseconds(12) - .nanoseconds(1)) == .linger(until: .milliseconds(12)))
        #expect(queue.next(now: .milliseconds(12)) == .commit([3, 4]))
    }

    @Test("a full batch does not wait for the window and wakes the writer once")
    func fullBatch() {
        var queue = queue(batch: 3)
        for write in 1...3 { _ = queue.offer(write) }
        #expect(queue.next(now: .zero) == .commit([1, 2, 3]))
        #expect(queue.offer(4) == .accepted(wake: false))
        #expect(queue.next(now: .zero) == .linger(until: .milliseconds(2)))
        #expect(queue.offer(5) == .accepted(wake: false))
        #expect(queue.offer(6) == .accepted(wake: true))
        #expect(queue.offer(7) == .accepted(wake: false))
        #expect(queue.next(now: .zero) == .commit([4, 5, 6]))
        #expect(queue.next(now: .milliseconds(2)) == .commit([7]))
    }

    @Test("as many wait as the limit says; the next one is refused; taking some makes room")
    func limit() {
        var queue = queue(queued: 3, batch: 2)
        for write in 1...3 { #expect(queue.offer(write) == .accepted(wake: false)) }
        #expect(queue.offer(4) == .full)
        #expect(queue.count == 3)
        #expect(queue.next(now: .zero) == .commit([1, 2]))
        #expect(queue.offer(5) == .accepted(wake: false))
        #expect(queue.next(now: .zero) == .commit([3, 5]))
    }

    @Test("a write that has waited for the longest time is committed; one that has waited longer is refused, and takes nobody with it")
    func longWait() {
        var queue = Queue(maximumQueued: 4, maximumQueuedBytes: 100, maximumBatch: 10, maximumWait: .seconds(2), window: .zero)
        for (write, second) in [(1, 0), (2, 1), (3, 2)] { _ = queue.offer(write, bytes: 20, now: .seconds(second)) }
        #expect(queue.next(now: .seconds(3)) == .refuse([1]))
        #expect(queue.byteCount == 40 && queue.count == 2)
        #expect(queue.next(now: .seconds(3)) == .commit([2, 3]))
        #expect(queue.byteCount == 0)
        _ = queue.offer(4, bytes: 20, now: .seconds(4))
        #expect(queue.next(now: .milliseconds(6_001)) == .refuse([4]))
        #expect(queue.next(now: .milliseconds(6_001)) == .park)
    }

    @Test("a closed queue refuses, hands out what waits without delay, and finishes")
    func closing() {
        var queue = queue(batch: 2)
        for write in 1...5 { _ = queue.offer(write) }
        #expect(queue.next(now: .zero) == .commit([1, 2]))
        let wakes = queue.close()
        #expect(!wakes)
        #expect(queue.offer(6) == .closed)
        #expect(queue.next(now: .zero) == .commit([3, 4]))
        #expect(queue.next(now: .zero) == .commit([5]))
        #expect(queue.next(now: .zero) == .finish)
    }

    @Test("closing wakes a parked writer and a lingering one, once")
    func closingWakes() {
        var parked = queue()
        #expect(parked.next(now: .zero) == .park)
        let wakes = [parked.close(), parked.close()]
        #expect(wakes == [true, false])
        #expect(parked.next(now: .zero) == .finish)

        var lingering = queue()
        for write in 1...2 { _ = lingering.offer(write) }
        #expect(lingering.next(now: .zero) == .commit([1, 2]))
        _ = lingering.offer(3)
        #expect(lingering.next(now: .zero) == .linger(until: .milliseconds(2)))
        let wake = lingering.close()
        #expect(wake)
        #expect(lingering.next(now: .zero) == .commit([3]))
    }
}
