import DequeModule
import NIOCore
import SocketIOCore
import Synchronization

/// Acknowledgements that a client owes, by id, with their deadlines.
struct PendingAcknowledgements {
    typealias Completion = (Arguments?) -> Void

    private struct Deadline {
        let time: NIODeadline
        let id: UInt64
    }

    private var waiting: [UInt64: Completion] = [:]
    /// Sorted by time. Entries of acknowledgements that came are removed when they reach the front, or when they outnumber the others.
    private var deadlines: Deque<Deadline> = []

    var count: Int { waiting.count }
    /// The number of kept deadlines, including those of acknowledgements that came: at most twice ``count`` plus 16.
    var deadlineCount: Int { deadlines.count }

    /// - Parameter id: must not be pending.
    mutating func add(_ id: UInt64, deadline: NIODeadline, _ completion: @escaping Completion) {
        waiting[id] = completion
        let entry = Deadline(time: deadline, id: id)
        // Most time-outs are equal, so most deadlines belong to the end.
        var index = deadlines.endIndex
        while index > 0, deadlines[index - 1].time > deadline { index -= 1 }
        deadlines.insert(entry, at: index)
    }

    mutating func take(_ id: UInt64) -> Completion? {
        guard let completion = waiting.removeValue(forKey: id) else { return nil }
        dropAnswered()
        return completion
    }

    /// When the first of them is overdue.
    var nextDeadline: NIODeadline? { deadlines.first?.time }

    /// The next that is overdue.
    mutating func takeDue(now: NIODeadline) -> Completion? {
        while let first = deadlines.first, first.time <= now {
            deadlines.removeFirst()
            if let completion = waiting.removeValue(forKey: first.id) {
                dropAnswered()
                return completion
            }
        }
        return nil
    }

    /// All that are left, in the order in which they were asked for.
    mutating func takeAll() -> [Completion] {
        let all = waiting.sorted { $0.key < $1.key }.map(\.value)
        waiting = [:]
        deadlines = []
        return all
    }

    private mutating func dropAnswered() {
        while let first = deadlines.first, waiting[first.id] == nil { deadlines.removeFirst() }
        // The predicate reads a copy of the table and calls nothing else.
        guard deadlines.count > 2 * waiting.count + 16 else { return }
        let waiting = waiting
        deadlines.removeAll { waiting[$0.id] == nil }
    }
}

/// The acknowledgements that one client owes. Allocated when the client is first asked for one.
final class OwedAcknowledgements {
    var pending = PendingAcknowledgements()
    /// When the shard will have the socket check them.
    var armedDeadline = NIODeadline.distantFuture
}

/// Numbers acknowledgements: one counter per namespace, as in the reference, so that a broadcast asks all its receivers by one number.
final class AcknowledgementIDs: Sendable {
    private let last = Atomic<UInt64>(0)

    func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).oldValue }
}
