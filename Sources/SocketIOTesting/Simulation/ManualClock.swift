import NIOCore
import NIOEmbedded

/// The time of a simulated server: heartbeats and time-outs come when the test moves it, in their order, and nothing waits for them.
///
///     try await withTestServer(simulating: io) { server, clock in
///         let ann = try await server.connect { $0.answersPings = false }
///         await clock.advance(by: .seconds(45))
///         try await ann.closed()
///     }
public final class ManualClock: Sendable {
    let loop = NIOAsyncTestingEventLoop()

    init() {}

    /// The time since the server began.
    public var now: Duration { .nanoseconds(Int64(clamping: loop.now.uptimeNanoseconds)) }

    /// Carries out everything that is due until then, and returns when that is done.
    public func advance(by duration: Duration) async { await loop.advanceTime(by: TimeAmount(duration)) }
}

/// The simulated time for a client that runs in it.
struct SimulatedClock: Clock {
    struct Instant: InstantProtocol {
        var deadline: NIODeadline

        func advanced(by duration: Swift.Duration) -> Instant { Instant(deadline: deadline + TimeAmount(duration)) }
        func duration(to other: Instant) -> Swift.Duration { Swift.Duration(other.deadline - deadline) }
        static func < (left: Instant, right: Instant) -> Bool { left.deadline < right.deadline }
    }

    let loop: NIOAsyncTestingEventLoop

    var now: Instant { Instant(deadline: loop.now) }
    var minimumResolution: Swift.Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        let timer = loop.scheduleTask(deadline: deadline.deadline) {}
        try await withTaskCancellationHandler {
            do { try await timer.futureResult.get() } catch { throw CancellationError() }
        } onCancel: {
            timer.cancel()
        }
    }
}
