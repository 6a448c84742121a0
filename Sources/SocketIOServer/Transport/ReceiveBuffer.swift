import NIOCore
import Synchronization

/// Buffers that the channels of an event loop read into. An idle connection holds only its first, small one: a full buffer per connection
/// would be most of its memory, and a grown one would stay large. Bytes are taken before the loop reads from another connection, so one
/// buffer nearly always serves all.
final class ReceiveBuffers: Sendable {
    private let spare = Mutex(ByteBuffer())

    /// A buffer that nobody holds, of at least that many bytes.
    func take(_ bytes: Int, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = ByteBuffer()
        spare.withLock { swap(&$0, &buffer) }
        let isFree = buffer.capacity >= bytes && buffer.modifyIfUniquelyOwned { $0.clear() } != nil
        return isFree ? buffer : allocator.buffer(capacity: bytes)
    }

    /// Returns a buffer whose bytes were taken. If somebody still holds it, that is noticed before it is reused.
    func give(_ buffer: ByteBuffer) {
        guard buffer.storageCapacity <= ReceiveBuffer.maximumBytes else { return }
        spare.withLock { if $0.capacity <= buffer.capacity { $0 = buffer } }
    }
}

/// Sizes a channel's reads: one that fills its buffer doubles the next one, and two in a row that fill less than half of it halve it.
struct ReceiveBuffer: RecvByteBufferAllocator {
    /// The channel keeps its first buffer for good. Most requests for a WebSocket fit, and stay there.
    static let firstBytes = 256
    static let maximumBytes = 1 << 16
    private static let minimum: Int32 = 256
    private static let maximum = Int32(maximumBytes)

    private let buffers: ReceiveBuffers
    private var size = minimum
    private var wasSmall = false
    private var hasRead = false

    init(_ buffers: ReceiveBuffers) { self.buffers = buffers }

    /// Makes a channel of that loop use these buffers. It reads once at a time, since consecutive reads would keep all their buffers.
    static func use(_ buffers: ReceiveBuffers, on channel: any Channel) {
        try? channel.syncOptions?.setOption(.recvAllocator, value: ReceiveBuffer(buffers))
        try? channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        hasRead ? buffers.take(Int(size), allocator) : allocator.buffer(capacity: ReceiveBuffer.firstBytes)
    }

    /// No size, so that the channel asks for a buffer each time and keeps none.
    func nextBufferSize() -> Int? { nil }

    /// Returns true, so that the channel does not read into its first buffer again.
    mutating func record(actualReadBytes count: Int) -> Bool {
        hasRead = true
        let isSmall = count <= Int(size / 2)
        let next =
            if count >= Int(size) {
                min(size * 2, ReceiveBuffer.maximum)
            } else if isSmall, wasSmall {
                max(size / 2, ReceiveBuffer.minimum)
            } else {
                size
            }
        wasSmall = isSmall && next == size
        size = next
        return true
    }
}
