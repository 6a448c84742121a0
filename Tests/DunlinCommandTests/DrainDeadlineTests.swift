import Dispatch
import Foundation
import Synchronization
import Testing

@testable import dunlin

@Suite("The deadline of a drain", .timeLimit(.minutes(10)))
struct DrainDeadlineTests {
    /// Threads that the cooperative pool has, and more: all of them are held, so that no task goes on.
    private static let holders = 256

    @Test("the deadline takes effect even if all threads of the cooperative pool are blocked")
    func busyPool() {
        let release = DispatchSemaphore(value: 0)
        let expired = DispatchSemaphore(value: 0)
        let entered = DispatchSemaphore(value: 0)
        for _ in 0..<Self.holders {
            Task.detached {
                entered.signal()
                Self.hold(release)
            }
        }
        // One at least holds a thread; that the others do, or wait for one, is all the same.
        entered.wait()
        DrainDeadline(limit: .milliseconds(10)) { expired.signal() }.begin()
        expired.wait()
        for _ in 0..<Self.holders { release.signal() }
    }

    private static func hold(_ semaphore: DispatchSemaphore) { semaphore.wait() }

    @Test("a second signal does not begin another")
    func once() {
        let expired = DispatchSemaphore(value: 0)
        let count = Mutex(0)
        let deadline = DrainDeadline(limit: .milliseconds(1)) {
            count.withLock { $0 += 1 }
            expired.signal()
        }
        deadline.begin()
        expired.wait()
        deadline.begin()
        #expect(expired.wait(timeout: .now() + .milliseconds(50)) == .timedOut)
        #expect(count.withLock { $0 } == 1)
    }
}
