import NIOCore

/// Sizes a channel's receive buffer: most connections are idle, and a large buffer each would be most of what they cost. A read that fills
/// the buffer doubles it, and two reads in a row that fill less than half of it halve it. As NIO's `AdaptiveRecvByteBufferAllocator`, but
/// small enough to need no memory of its own.
struct ReceiveBufferSize: RecvByteBufferAllocator {
    private static let minimum: Int32 = 256
    private static let maximum: Int32 = 1 << 16

    private var size = minimum
    private var wasSmall = false

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: Int(size)) }

    func nextBufferSize() -> Int? { Int(size) }

    mutating func record(actualReadBytes count: Int) -> Bool {
        let isSmall = count <= Int(size / 2)
        let next =
            if count >= Int(size) {
                min(size * 2, ReceiveBufferSize.maximum)
            } else if isSmall, wasSmall {
                max(size / 2, ReceiveBufferSize.minimum)
            } else {
                size
            }
        wasSmall = isSmall && next == size
        defer { size = next }
        return next > size
    }
}
