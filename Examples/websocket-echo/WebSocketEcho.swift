import ArgumentParser
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import WebSocketCore

/// WebSocket alone, without Socket.IO: what conformance suites of RFC 6455 and RFC 7692 talk to.
@main
struct WebSocketEcho: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "websocket-echo",
        abstract: "Answers every WebSocket message with the same message.",
        discussion: """
            With --fuzzing-server it is a client instead, which plays all cases of Autobahn's fuzzing server; scripts/autobahn.sh runs both.

            Example: websocket-echo --port 9002
            """)

    @Option(help: "The address to listen on.")
    var hostname = "127.0.0.1"

    @Option(help: "The port to listen on; 0 picks a free one.")
    var port = 9002

    @Option(help: "Play the cases of the fuzzing server at this URL, and exit.")
    var fuzzingServer: String?

    @Flag(help: "Agree to compression (RFC 7692), or offer it.")
    var compress = false

    func run() async throws {
        if let fuzzingServer { return try await FuzzingClient(url: fuzzingServer, compresses: compress).run() }
        let upgrader = WebSocketUpgrader(compresses: compress)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline(withServerUpgrade: ([upgrader], { _ in }))
            }
            .bind(host: hostname, port: port).get()
        // Unbuffered: a script waits for this line.
        FileHandle.standardOutput.write(Data("listening on ws://\(hostname):\(channel.localAddress?.port ?? 0)\n".utf8))
        try await channel.closeFuture.get()
    }
}

/// The opening handshake, as far as NIO's HTTP handlers leave it open.
struct WebSocketUpgrader: HTTPServerProtocolUpgrader {
    let supportedProtocol = "websocket"
    /// None that `Connection` would have to name too.
    let requiredUpgradeHeaders: [String] = []
    let compresses: Bool

    private func agreement(_ head: HTTPRequestHead) -> (agreement: PerMessageDeflate, response: WebSocketExtension)? {
        guard compresses else { return nil }
        let header = head.headers["Sec-WebSocket-Extensions"].joined(separator: ", ")
        return WebSocketExtension.parse(header).flatMap { PerMessageDeflate().choose(from: $0) }
    }

    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        channel.eventLoop.makeCompletedFuture {
            guard let key = upgradeRequest.headers.first(name: "Sec-WebSocket-Key"), WebSocketHandshake.isValidKey(key) else {
                throw WebSocketHandshakeError.wrongAcceptKey
            }
            var headers = initialResponseHeaders
            headers.add(name: "Sec-WebSocket-Accept", value: WebSocketHandshake.acceptKey(for: key))
            if let response = agreement(upgradeRequest)?.response {
                headers.add(name: "Sec-WebSocket-Extensions", value: "\(response)")
            }
            return headers
        }
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        context.eventLoop.makeCompletedFuture {
            let echo = EchoHandler(agreement(upgradeRequest)?.agreement)
            try context.channel.pipeline.syncOperations.addHandler(echo)
        }
    }
}
