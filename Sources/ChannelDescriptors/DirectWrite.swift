package import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Hands bytes to the kernel without the channel's queue of pending writes, which is most of what a small write costs in user space.
/// Allowed only while the channel holds nothing itself, or bytes would overtake each other.
package enum DirectWrite {
    /// The descriptor under a channel; nil: it has none, or this platform is not served.
    package static func descriptor(of context: ChannelHandlerContext) -> NIOBSDSocket.Handle? {
        #if canImport(Glibc) || canImport(Musl)
        try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        #else
        nil
        #endif
    }

    /// Bytes that the kernel holds until the peer acknowledges them; nil: unknown.
    package static func unacknowledgedBytes(of descriptor: NIOBSDSocket.Handle) -> Int? {
        #if canImport(Glibc) || canImport(Musl)
        var count: Int32 = 0
        // SIOCOUTQ is this request's name for sockets.
        return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : nil
        #else
        return nil
        #endif
    }

    /// Bytes that have arrived and that nobody has read; nil: unknown.
    package static func unreadBytes(of descriptor: NIOBSDSocket.Handle) -> Int? {
        #if canImport(Glibc) || canImport(Musl)
        var count: Int32 = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : nil
        #else
        return nil
        #endif
    }

    /// Whether bytes have arrived that the channel has not read. Costs a look-up of the descriptor.
    package static func hasUnread(_ context: ChannelHandlerContext) -> Bool {
        guard context.channel.isActive, let descriptor = descriptor(of: context) else { return false }
        return (unreadBytes(of: descriptor) ?? 0) > 0
    }

    /// Sends what the kernel takes now. Returns how much that was: nothing when the socket can take nothing or is broken, and the channel's
    /// own write finds out which.
    package static func send(_ bytes: ByteBuffer, to descriptor: NIOBSDSocket.Handle) -> Int {
        #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        return max(0, bytes.withUnsafeReadableBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) })
        #elseif canImport(Musl)
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        return max(0, bytes.withUnsafeReadableBytes { Musl.send(descriptor, $0.baseAddress, $0.count, flags) })
        #else
        return 0
        #endif
    }
}
