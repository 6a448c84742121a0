import DequeModule

/// One socket's requests, carried out in the order of their arrival. Bound to the socket's loop.
///
/// A request that has to wait for a sign-in or a commit holds back those behind it. Those of the concurrent lane (chat messages, whose
/// order the store keeps) do not hold back one another: an exclusive request waits until they are done, and they wait for it. If nothing
/// waits, `submit` runs the request before it returns, without a task.
final class RequestQueue<Request: QueuedRequest> {
    private struct Entry {
        let request: Request
        let run: (Request) -> RequestOutcome
    }

    /// The maximum number of requests that wait or are under way.
    let limit: Int
    private var waiting: Deque<Entry> = []
    private var isExclusiveRunning = false
    private var concurrentRunning = 0
    private var isDraining = false
    /// Walks through the waiting requests so far; for tests.
    private(set) var walks = 0

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { waiting.isEmpty && !isExclusiveRunning && concurrentRunning == 0 }
    var count: Int { waiting.count + concurrentRunning + (isExclusiveRunning ? 1 : 0) }
    /// The requests that have not begun, in their order.
    var waitingRequests: [Request] {
        walks += 1
        return waiting.map(\.request)
    }

    /// Returns false if the queue is full; nothing was done then.
    func submit(_ request: Request, _ run: @escaping (Request) -> RequestOutcome) -> Bool {
        guard count < limit else { return false }
        enqueue(request, run)
        return true
    }

    /// Appends a request behind all others, whatever the limit. For work that must happen, such as cleaning up after a socket.
    func enqueue(_ request: Request, _ run: @escaping (Request) -> RequestOutcome) {
        let entry = Entry(request: request, run: run)
        if waiting.isEmpty, !isDraining, canStart(request.lane) {
            start(entry)
            drain()
        } else {
            waiting.append(entry)
        }
    }

    /// Ends a pending request of that lane.
    func finish(_ lane: RequestLane) {
        ended(lane)
        drain()
    }

    /// Removes and returns the matching requests that have not begun. The caller answers them afterwards.
    func removeWaiting(_ removed: Set<ObjectIdentifier>) {
        guard !removed.isEmpty else { return }
        waiting.removeAll { removed.contains(ObjectIdentifier($0.request)) }
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        while let next = waiting.first, canStart(next.request.lane) {
            waiting.removeFirst()
            start(next)
        }
        isDraining = false
    }

    private func canStart(_ lane: RequestLane) -> Bool {
        switch lane {
        case .exclusive: !isExclusiveRunning && concurrentRunning == 0
        case .concurrent: !isExclusiveRunning
        }
    }

    private func start(_ entry: Entry) {
        let lane = entry.request.lane
        switch lane {
        case .exclusive: isExclusiveRunning = true
        case .concurrent: concurrentRunning += 1
        }
        if entry.run(entry.request) == .finished { ended(lane) }
    }

    private func ended(_ lane: RequestLane) {
        switch lane {
        case .exclusive:
            assert(isExclusiveRunning, "a request finished twice")
            isExclusiveRunning = false
        case .concurrent:
            assert(concurrentRunning > 0, "a request finished twice")
            concurrentRunning -= 1
        }
    }
}

/// A request as its queue sees it.
protocol QueuedRequest: AnyObject {
    var lane: RequestLane { get }
}

/// Whether the requests of a lane wait for each other.
enum RequestLane { case exclusive, concurrent }

/// The state of a request after it was run.
enum RequestOutcome {
    case finished
    /// The request is under way; its handler calls the queue's `finish(_:)` on the loop.
    case pending
}
