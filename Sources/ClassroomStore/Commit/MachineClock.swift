import Classroom

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// This machine's wall clock. Leases in memory and in SQLite end by it.
enum MachineClock {
    static var now: UnixMilliseconds {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(time.tv_sec) * 1_000 + UnixMilliseconds(time.tv_nsec) / 1_000_000
    }
}

extension Duration {
    var inMilliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
