import Dispatch
import Foundation
import Synchronization

/// Ends the process when a drain takes too long. Everything that was acknowledged is in the database by then; the rest was never promised.
///
/// It has a thread and a queue of its own: the drain runs on the cooperative pool, and a pool that is busy must not delay its own deadline.
final class DrainDeadline: Sendable {
    static let limit: Duration = .seconds(28)

    private let limit: Duration
    private let onExpiry: @Sendable () -> Void
    private let hasBegun = Atomic<Bool>(false)

    init(limit: Duration = DrainDeadline.limit, onExpiry: @escaping @Sendable () -> Void = DrainDeadline.endProcess) {
        self.limit = limit
        self.onExpiry = onExpiry
    }

    /// From now on these signals begin the time that a drain may take. Others may listen to them too.
    /// - Returns: the signal sources, which the caller must keep alive.
    func watch(_ signals: [Int32]) -> [any DispatchSourceSignal] {
        // A serial queue: it does not share the threads of the cooperative pool.
        let queue = DispatchQueue(label: "dunlin.drain-deadline", qos: .userInitiated)
        return signals.map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler { self.begin() }
            source.resume()
            return source
        }
    }

    /// The first call counts.
    func begin() {
        guard !hasBegun.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let (limit, onExpiry) = (limit, onExpiry)
        let thread = Thread {
            Thread.sleep(forTimeInterval: limit / .seconds(1))
            onExpiry()
        }
        thread.name = "drain-deadline"
        thread.start()
    }

    @Sendable static func endProcess() {
        Terminal.errorAtOnce("dunlin: the drain took too long, ending now")
        Terminal.endAtOnce(status: 0)
    }
}
