#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A pipe reads the line at once, not when the buffer is full.
func flushStandardOutput() {
    fflush(nil)
}
