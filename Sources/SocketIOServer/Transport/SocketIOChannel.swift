public import NIOCore
import NIOHTTP1

/// Sets up the pipeline of accepted connections: HTTP/1.1, Engine.IO's path and WebSocket on one port. For integrations with HTTP servers;
/// applications use `SocketIOHummingbird`.
public final class SocketIOChannel: Sendable {
    /// The maximum bytes of a request's line and header fields.
    public static let maximumHeaderBytes = 16 * 1024
    public static let maximumHeaderCount = 100

    static var parserLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maximumHeaderBytes
        limits.maxHeaderListSize = maximumHeaderBytes
        limits.maxHeaderFieldCount = maximumHeaderCount
        return limits
    }

    let io: SocketIO
    let secure: Bool
    let fallback: HTTPFallback
    let abort: (@Sendable (any Channel) -> Void)?

    /// - Parameters:
    ///   - secure: whether the channel has TLS.
    ///   - fallback: serves the requests that are not for Engine.IO's path.
    ///   - abort: ends the connection at once, called on its loop. Needed where closing the channel waits for the peer, as under TLS.
    public init(io: SocketIO, secure: Bool, fallback: HTTPFallback, abort: (@Sendable (any Channel) -> Void)? = nil) {
        self.io = io
        self.secure = secure
        self.fallback = fallback
        self.abort = abort
    }

    /// Adds the first handler, which adds the others as they are needed. Call on the channel's loop.
    public func configure(_ channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandler(OpeningHandler(self))
    }
}
