public import Classroom
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Wall time and timers. Tests use a clock that they move by hand.
public protocol ClassroomClock: Sendable {
    /// Milliseconds since 1970.
    var now: UnixMilliseconds { get }
    /// Runs `work` once, at `time` or soon after, on a thread of the clock's choice but never within this call. `work` must not block.
    func schedule(at time: UnixMilliseconds, _ work: @escaping @Sendable () -> Void) -> ScheduledWork
}

/// Work that a clock will do later.
public struct ScheduledWork: Sendable {
    private let onCancel: @Sendable () -> Void

    public init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    /// Cancels the work, unless it has begun.
    public func cancel() { onCancel() }
}

/// The machine's clock; its timers run on an event loop.
public struct SystemClock: ClassroomClock {
    private let eventLoop: any EventLoop

    public init() { eventLoop = MultiThreadedEventLoopGroup.singleton.any() }

    public var now: UnixMilliseconds {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(time.tv_sec) * 1_000 + UnixMilliseconds(time.tv_nsec) / 1_000_000
    }

    public func schedule(at time: UnixMilliseconds, _ work: @escaping @Sendable () -> Void) -> ScheduledWork {
        let scheduled = eventLoop.scheduleTask(in: .milliseconds(max(0, time - now)), work)
        return ScheduledWork { scheduled.cancel() }
    }
}
