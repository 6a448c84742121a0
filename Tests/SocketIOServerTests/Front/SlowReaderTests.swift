import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import SocketIOServer

/// The kernel's buffer, full: what is written waits until it is released.
private final class FullBuffer: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    private var held: [(NIOAny, EventLoopPromise<Void>?)] = []
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) { held.append((data, promise)) }
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        release()
        context.close(mode: mode, promise: promise)
    }

    func release() {
        let due = held
        held = []
        for (data, promise) in due { context?.writeAndFlush(data, promise: promise) }
    }
}

@Suite("Clients that take their answers slowly, by a clock that stands still")
struct SlowReaderTests {
    private func configuration() -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        configuration.requestTimeout = .seconds(3)
        configuration.responseStallTimeout = .seconds(30)
        return configuration
    }

    @Test("the time for the next request does not run while an answer waits in memory")
    func slow() throws {
        try withEmbeddedServer(configuration()) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let buffer = FullBuffer()
            try peer.channel.pipeline.syncOperations.addHandler(buffer, position: .first)
            #expect(try peer.request("GET", "/socket.io/?EIO=4") == "")
            loop.advanceTime(by: .seconds(29))
            #expect(peer.channel.isActive)
            buffer.release()
            #expect(try peer.output().hasPrefix("HTTP/1.1 400 "))
            loop.advanceTime(by: .milliseconds(2_999))
            #expect(peer.channel.isActive)
            loop.advanceTime(by: .milliseconds(1))
            #expect(!peer.channel.isActive)
            peer.finish()
        }
    }

    @Test("a client that takes nothing is closed after the time for that")
    func stalled() throws {
        try withEmbeddedServer(configuration()) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.channel.pipeline.syncOperations.addHandler(FullBuffer(), position: .first)
            #expect(try peer.request("GET", "/socket.io/?EIO=4") == "")
            loop.advanceTime(by: .milliseconds(29_999))
            #expect(peer.channel.isActive)
            loop.advanceTime(by: .milliseconds(1))
            #expect(!peer.channel.isActive)
            peer.finish()
        }
    }

    @Test("a polling client that answers pings, and fetches nothing, is closed; one that fetches is not")
    func unfetched() throws {
        for fetches in [false, true] {
            try withEmbeddedServer(configuration()) { io, loop in
                io.onConnection { $0.join("room") }
                let peer = try EmbeddedPeer(io, loop: loop)
                let target = try peer.openPolling()
                _ = try peer.request("POST", target, body: "40")
                io.to("room").emit("news")
                for _ in 0..<4 {
                    loop.advanceTime(by: .seconds(20))
                    let other = try EmbeddedPeer(io, loop: loop)
                    _ = try other.request("POST", target, body: "3")
                    if fetches { _ = try other.request("GET", target) }
                    io.to("room").emit("news")
                }
                #expect(io.statistics.connections == (fetches ? 1 : 0))
                #expect(io.statistics.slowClientCloses == (fetches ? 0 : 1))
                peer.finish()
            }
        }
    }

    @Test("a WebSocket whose client answers pings, and reads nothing, is closed")
    func unreadWebSocket() throws {
        try withEmbeddedServer(configuration()) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            let buffer = FullBuffer()
            try peer.channel.pipeline.syncOperations.addHandler(buffer, position: .first)
            io.emit("news")
            loop.run()
            loop.advanceTime(by: .seconds(20))
            buffer.release()
            io.emit("news")
            loop.run()
            // A whole interval from the first look: something has gone out before it.
            loop.advanceTime(by: .seconds(10))
            try peer.text("3")
            loop.advanceTime(by: .milliseconds(29_999))
            #expect(io.statistics.connections == 1)
            try peer.text("3")
            loop.advanceTime(by: .milliseconds(1))
            #expect(io.statistics.connections == 0 && io.statistics.slowClientCloses == 1)
            peer.finish()
        }
    }
}
