#if DEBUG
internal import Synchronization
#endif

/// Counts the bytes that the readers of this module pass over, for tests that limit work to a multiple of a text's length. A count does not
/// depend on how fast the machine is. Release builds count nothing.
@usableFromInline
package enum JSONWork {
    #if DEBUG
    final class Counter: Sendable {
        let bytes = Atomic<Int>(0)
    }

    @TaskLocal static var counter: Counter?

    /// The bytes that were passed over while `body` ran; a byte that was read twice counts twice.
    package static func bytesScanned(_ body: () throws -> Void) rethrows -> Int {
        let counter = Counter()
        try self.$counter.withValue(counter) { try body() }
        return counter.bytes.load(ordering: .relaxed)
    }
    #endif

    /// Reports bytes that were just passed over.
    @inlinable
    @inline(__always)
    package static func passed(_ bytes: Int) {
        #if DEBUG
        record(bytes)
        #endif
    }

    #if DEBUG
    @inline(never)
    @usableFromInline
    static func record(_ bytes: Int) { counter?.bytes.add(bytes, ordering: .relaxed) }
    #endif
}
