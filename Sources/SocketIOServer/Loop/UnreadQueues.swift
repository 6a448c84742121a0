/// The memory of packets that wait for clients who do not read, on one event loop. Small queues are not counted: each connection may have one.
///
/// A packet of a broadcast is in memory once for all its receivers, and is not counted either.
struct UnreadQueues {
    private struct Queue {
        /// Frames that wait in the session.
        var waiting = 0
        /// Frames that the transport has and the kernel does not take.
        var written = 0

        var bytes: Int { waiting + written }
    }

    private let maximumBytes: Int
    private var queues: [ConnectionSlot: Queue] = [:]
    private(set) var bytes = 0

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    var isEmpty: Bool { queues.isEmpty }

    /// Returns whose queue is the longest, if all of them together are over the limit: its client has to go.
    mutating func wait(_ slot: ConnectionSlot, bytes count: Int) -> ConnectionSlot? {
        change(slot) { $0.waiting = count }
        return excess
    }

    /// Returns the same, after the session has given its frames to the transport.
    mutating func write(_ slot: ConnectionSlot, bytes count: Int) -> ConnectionSlot? {
        change(slot) { queue in
            queue.written += count
            queue.waiting = 0
        }
        return excess
    }

    /// The client has read, or is gone.
    mutating func remove(_ slot: ConnectionSlot) {
        if let queue = queues.removeValue(forKey: slot) { bytes -= queue.bytes }
    }

    private mutating func change(_ slot: ConnectionSlot, _ body: (inout Queue) -> Void) {
        var queue = queues[slot] ?? Queue()
        bytes -= queue.bytes
        body(&queue)
        bytes += queue.bytes
        queues[slot] = queue.bytes > 0 ? queue : nil
    }

    private var excess: ConnectionSlot? {
        bytes > maximumBytes ? queues.max { $0.value.bytes < $1.value.bytes }?.key : nil
    }
}
