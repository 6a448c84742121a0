import NIOCore
import NIOEmbedded
import SocketIOCore
import WebSocketCore

@testable import SocketIOServer

/// Fails a write as a channel does whose peer has gone: what had come before is read within the write, then the channel closes.
final class FailingWrites: ChannelOutboundHandler {
    typealias OutboundIn = IOData

    enum Failure {
        /// Of the kernel: the channel reads what it has first.
        case reading([ByteBuffer])
        /// Of a handler below, TLS for instance: an error, and the channel stays.
        case error
        /// The channel's buffer became short again, within the write.
        case writable
    }

    /// Of the next write.
    var next: Failure?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let failure = next else { return context.write(data, promise: promise) }
        next = nil
        switch failure {
        case .reading(let buffers):
            for bytes in buffers { context.fireChannelRead(NIOAny(bytes)) }
            context.fireChannelReadComplete()
            promise?.fail(ChannelError.ioOnClosedChannel)
            context.close(promise: nil)
        case .error:
            promise?.fail(ChannelError.eof)
            context.fireErrorCaught(ChannelError.eof)
        case .writable:
            context.fireChannelWritabilityChanged()
            context.write(data, promise: promise)
        }
    }
}

extension EmbeddedPeer {
    /// The client's frames of these texts, in one buffer.
    static func frames(_ texts: String...) -> ByteBuffer {
        var buffer = ByteBuffer()
        for text in texts { WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: text), mask: 0x1234_5678, into: &buffer) }
        return buffer
    }

    /// Has the next write of this connection fail.
    func failNextWrite(_ failure: FailingWrites.Failure) throws {
        let handler = FailingWrites()
        handler.next = failure
        try channel.pipeline.syncOperations.addHandler(handler, position: .first)
    }
}

/// Peers that joined the namespace one after the other, with their sockets.
func joinedPeers(_ count: Int, _ io: SocketIO, _ loop: EmbeddedEventLoop) throws -> (peers: [EmbeddedPeer], sockets: [ServerSocket]) {
    var sockets: [ServerSocket] = []
    var peers: [EmbeddedPeer] = []
    for _ in 0..<count {
        let peer = try EmbeddedPeer(io, loop: loop)
        try peer.join()
        peers.append(peer)
        let known = Set(sockets.map(\.id))
        sockets += io.shard(for: loop).shard.value.main.sockets.values.filter { !known.contains($0.id) }
    }
    return (peers, sockets)
}
