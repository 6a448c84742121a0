#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes whole lines at once, so that the reader of a pipe sees them without delay.
enum Terminal {
    static func print(_ line: String) {
        send(line, to: STDOUT_FILENO)
    }

    static func error(_ line: String) {
        send(line, to: STDERR_FILENO)
    }

    /// True if standard error is a terminal.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    /// Ends the process.
    static func end(status: Int32) -> Never {
        exit(status)
    }

    /// A line for standard error, or none if nobody reads it: does not wait.
    static func errorAtOnce(_ line: String) {
        var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&descriptor, 1, 0) == 1, descriptor.revents & Int16(POLLOUT) != 0 else { return }
        error(line)
    }

    /// Ends the process without any clean-up: the clean-up may be what hangs.
    static func endAtOnce(status: Int32) -> Never {
        _exit(status)
    }

    /// Straight to the descriptor: no buffer that would have to be flushed.
    private static func send(_ line: String, to descriptor: Int32) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                guard errno == EINTR || errno == EAGAIN else { return }
                continue
            }
            bytes = bytes.dropFirst(written)
        }
    }
}
