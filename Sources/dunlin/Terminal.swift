#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Whole lines, written at once: whoever reads a pipe sees them without delay.
enum Terminal {
    static func print(_ line: String) {
        write(line, to: STDOUT_FILENO)
    }

    static func error(_ line: String) {
        write(line, to: STDERR_FILENO)
    }

    /// Straight to the descriptor: no buffer that would have to be flushed.
    private static func write(_ line: String, to descriptor: Int32) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                guard errno == EINTR || errno == EAGAIN else { return }
                continue
            }
            bytes = bytes.dropFirst(written)
        }
    }
}
