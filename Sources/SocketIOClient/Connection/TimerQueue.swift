import HeapModule
import NIOCore

/// The owner of a ``LoopTimer``.
package protocol LoopTimerOwner: AnyObject {
    /// The time has come. The timer is not set any more.
    func timerFired(_ timer: LoopTimer)
}

/// A timer of a connection or a virtual user. It is set and cancelled by its ``ClientLoop``, and lives on that loop.
package final class LoopTimer {
    /// In the distant future if the timer is not set.
    fileprivate(set) var deadline = NIODeadline.distantFuture
    /// The number of the timer's entry in the queue, and its time. Zero if it has none.
    fileprivate var entry: UInt64 = 0
    fileprivate var entryDeadline = NIODeadline.distantFuture
    /// Held while the timer is set.
    var owner: (any LoopTimerOwner)?

    package init() {}

    /// Whether the timer waits in the queue.
    var isQueued: Bool { entry != 0 }
}

/// The timers of a loop by their times. A value that reads no clock and calls nobody.
///
/// A time that moves later changes only the timer: its entry is put back when it comes up. A cancelled timer leaves its entry behind, which is
/// dropped when it comes up, or with others as soon as they are the greater part.
struct TimerQueue {
    private struct Entry: Comparable {
        let deadline: NIODeadline
        let number: UInt64
        let timer: LoopTimer

        /// False if the timer was cancelled, or has an earlier entry.
        var counts: Bool { timer.entry == number }

        /// Of two with the same time the older one comes first.
        static func < (left: Self, right: Self) -> Bool { (left.deadline, left.number) < (right.deadline, right.number) }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    private var entries = Heap<Entry>()
    private var lastNumber: UInt64 = 0
    /// The number of entries that do not count any more.
    private var stale = 0
    /// Fewer than this are not worth dropping before they come up.
    static let maximumStale = 64

    /// The number of entries, with those that do not count any more.
    var count: Int { entries.count }
    /// Whether no timer is set.
    var isEmpty: Bool { entries.count == stale }

    mutating func set(_ timer: LoopTimer, for deadline: NIODeadline) {
        timer.deadline = deadline
        guard !timer.isQueued || deadline < timer.entryDeadline else { return }
        if timer.isQueued { stale += 1 }
        insert(timer)
        dropStale()
    }

    mutating func cancel(_ timer: LoopTimer) {
        timer.deadline = .distantFuture
        guard timer.isQueued else { return }
        timer.entry = 0
        stale += 1
        dropStale()
    }

    /// When the next timer is due. Nil if none is set.
    mutating func nextDeadline() -> NIODeadline? {
        while let first = entries.min {
            if !first.counts {
                entries.removeMin()
                stale -= 1
            } else if first.deadline < first.timer.deadline {
                entries.removeMin()
                insert(first.timer)
            } else {
                return first.deadline
            }
        }
        return nil
    }

    /// The next timer whose time has come. It is not set any more.
    mutating func popDue(now: NIODeadline) -> LoopTimer? {
        guard let deadline = nextDeadline(), deadline <= now, let timer = entries.popMin()?.timer else { return nil }
        timer.deadline = .distantFuture
        timer.entry = 0
        return timer
    }

    private mutating func insert(_ timer: LoopTimer) {
        lastNumber += 1
        timer.entry = lastNumber
        timer.entryDeadline = timer.deadline
        entries.insert(Entry(deadline: timer.deadline, number: lastNumber, timer: timer))
    }

    private mutating func dropStale() {
        guard stale > Self.maximumStale, stale > entries.count / 2 else { return }
        entries = Heap(entries.unordered.filter(\.counts))
        stale = 0
    }
}
