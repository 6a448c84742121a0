/// An event of one worker process.
public struct WorkerEvent: Sendable {
    public enum Kind: Sendable {
        case told(WorkerMessage)
        /// It has ended; nothing of it follows.
        case ended(reason: String)
    }

    /// Its number within the whole run.
    public var worker: Int
    public var kind: Kind

    public init(worker: Int, _ kind: Kind) {
        self.worker = worker
        self.kind = kind
    }
}

/// Follows the workers of a run until the last one has ended.
public enum SharedRun {
    /// - Parameter observer: called for the merged run, as if one process played it.
    /// - Returns: the merged results.
    public static func follow(
        _ events: AsyncStream<WorkerEvent>, _ merger: WorkerMerger, observer: LoadRunObserver
    ) async -> WorkerMerger {
        var merger = merger
        let clock = ContinuousClock()
        let start = clock.now
        func seconds() -> Double { (clock.now - start) / .seconds(1) }
        for await event in events {
            let reports: [MetricsReport]
            switch event.kind {
            case .told(let message):
                reports = merger.receive(message, from: event.worker)
                if case .log(let text) = message { observer.log(text) }
                // Each worker reports once per second. One of them sets the pace of the view.
                if case .progress = message, merger.firstAtWork == event.worker {
                    observer.progress(merger.snapshot(at: seconds(), phase: nil))
                }
            case .ended(let reason): reports = merger.exited(event.worker, reason: reason, after: seconds())
            }
            for report in reports {
                observer.measured(merger.measurements, merger.catalog, merger.activeUsers)
                observer.periodEnded(report, merger.periodLength)
            }
            if merger.isDone { break }
        }
        return merger
    }
}
