/// Decides when a transaction begins and what is in it. It has neither a thread nor a clock: its owner calls it and passes the time.
///
/// A write that finds the writer idle is committed at once. Writes that arrive during a commit share the next one. In a burst (the last
/// transaction had several writes) at most one transaction begins per window: on a disk that syncs quickly, small transactions would
/// otherwise cost more CPU time than their writes.
struct CommitQueue<Write: Sendable>: Sendable {
    /// The writer's next step.
    enum Step {
        /// Commit these, then ask again.
        case commit([Write])
        /// Refuse these, which have waited for too long, then ask again.
        case refuse([Write])
        /// Ask again at this time, or earlier when woken.
        case linger(until: Duration)
        /// Ask again when woken.
        case park
        /// The queue is closed and empty: stop.
        case finish
    }

    /// The result of offering a write.
    enum Admission: Equatable {
        /// The write is queued. `wake` is true if the writer must be woken for it.
        case accepted(wake: Bool)
        case full
        case closed
    }

    private enum Writer { case parked, lingering, working, finished }

    let maximumQueued: Int
    let maximumQueuedBytes: Int
    let maximumBatch: Int
    let maximumWait: Duration
    let window: Duration
    private var waiting: [Write] = []
    /// The size and the time of arrival of each write.
    private var entries: [(bytes: Int, arrival: Duration)] = []
    private(set) var byteCount = 0
    private var writer = Writer.working
    private var lastBatchCount = 0
    private var lastBegan: Duration?
    private(set) var isClosed = false

    var count: Int { waiting.count }

    init(
        maximumQueued: Int, maximumQueuedBytes: Int = .max, maximumBatch: Int, maximumWait: Duration = .seconds(3_600), window: Duration
    ) {
        precondition(maximumQueued > 0 && maximumBatch > 0, "A queue for nothing commits nothing.")
        self.maximumQueued = maximumQueued
        self.maximumQueuedBytes = maximumQueuedBytes
        self.maximumBatch = maximumBatch
        self.maximumWait = maximumWait
        self.window = window
    }

    /// Offers a write of `bytes` at the monotonic time `now`. An empty queue takes a write of any size.
    mutating func offer(_ write: Write, bytes: Int = 0, now: Duration = .zero) -> Admission {
        guard !isClosed else { return .closed }
        guard waiting.count < maximumQueued, waiting.isEmpty || bytes <= maximumQueuedBytes - byteCount else { return .full }
        waiting.append(write)
        entries.append((bytes, now))
        byteCount += bytes
        switch writer {
        case .parked: return .accepted(wake: wake())
        case .lingering where waiting.count >= maximumBatch: return .accepted(wake: wake())
        case .lingering, .working, .finished: return .accepted(wake: false)
        }
    }

    /// Refuses writes from now on. Returns whether the writer must be woken.
    mutating func close() -> Bool {
        isClosed = true
        return writer == .parked || writer == .lingering ? wake() : false
    }

    /// The writer asks for its next step at the monotonic time `now`.
    mutating func next(now: Duration) -> Step {
        guard !waiting.isEmpty else {
            writer = isClosed ? .finished : .parked
            return isClosed ? .finish : .park
        }
        if let began = lastBegan, lastBatchCount > 1, waiting.count < maximumBatch, !isClosed, now < began + window {
            writer = .lingering
            return .linger(until: began + window)
        }
        writer = .working
        if let first = entries.first, now - first.arrival > maximumWait {
            return .refuse(take(entries.firstIndex { now - $0.arrival <= maximumWait } ?? entries.count))
        }
        lastBegan = now
        let batch = take(min(waiting.count, maximumBatch))
        lastBatchCount = batch.count
        return .commit(batch)
    }

    /// Takes the first `count` waiting writes.
    private mutating func take(_ count: Int) -> [Write] {
        guard count < waiting.count else {
            defer {
                waiting = []
                entries.removeAll(keepingCapacity: true)
                byteCount = 0
                waiting.reserveCapacity(min(count, maximumBatch))
            }
            return waiting
        }
        let taken = Array(waiting.prefix(count))
        waiting.removeFirst(count)
        byteCount -= entries.prefix(count).reduce(0) { $0 + $1.bytes }
        entries.removeFirst(count)
        return taken
    }

    /// Only the first of several writes wakes the writer.
    private mutating func wake() -> Bool {
        writer = .working
        return true
    }
}

extension CommitQueue.Step: Equatable where Write: Equatable {}
