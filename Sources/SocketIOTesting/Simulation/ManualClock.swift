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
