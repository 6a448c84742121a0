import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import SocketIOServer

@Suite("Live connections whose client does not read")
struct LiveStallTests {
    @Test("a client that asks and asks, and takes no answer, is closed")
    func unreadAnswers() async throws {
        var configuration = SocketIOConfiguration()
        configuration.responseStallTimeout = .milliseconds(100)
        try await LiveServer.with(configuration) { server in
            let (client, peer, _) = try await server.connect()
            client.writeAndFlush(
                ByteBuffer(string: String(repeating: "GET /socket.io/ HTTP/1.1\r\nHost: x\r\n\r\n", count: 50_000)), promise: nil)
            try await peer.closed(within: .seconds(60))
            try? await client.close()
        }
    }

    @Test("a route's response that nobody takes does not keep its connection")
    func unreadRoute() async throws {
        var configuration = SocketIOConfiguration()
        configuration.responseStallTimeout = .milliseconds(100)
        let fallback = HTTPFallback(
            install: { try $0.pipeline.syncOperations.addHandler(LargeResponse()) }, abandon: {})
        try await LiveServer.with(configuration, fallback: fallback) { server in
            let (client, peer, _) = try await server.connect()
            try await client.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
            try await peer.closed(within: .seconds(60))
            try? await client.close()
        }
    }

    @Test("an answer that is larger than the kernel's buffers comes in full, piece by piece")
    func slowReader() async throws {
        let fallback = HTTPFallback(install: { try $0.pipeline.syncOperations.addHandler(LargeResponse()) }, abandon: {})
        try await LiveServer.with(SocketIOConfiguration(), fallback: fallback) { server in
            let (client, peer, received) = try await server.connect()
            try await client.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            client.read()
            var count = 0
            for await bytes in received {
                count += bytes.readableBytes
                client.read()
            }
            #expect(count > LargeResponse.bytes, "head and body")
            try await peer.closeFuture.get()
        }
    }

    /// Answers every request with a megabyte.
    private final class LargeResponse: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        static let bytes = 1_000_000

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            let headers: HTTPHeaders = ["Content-Length": String(LargeResponse.bytes)]
            context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(repeating: 1, count: LargeResponse.bytes)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
