public import NIOCore
import NIOHTTP1

/// Lays the pipeline of an accepted connection: HTTP/1.1 with Engine.IO's path and WebSocket on the same port. For the adapters to HTTP
/// servers; applications use `SocketIOHummingbird`.
public enum SocketIOChannel {
    /// The most bytes of a request's line and header fields together.
    public static let maximumHeaderBytes = 16 * 1024
    public static let maximumHeaderCount = 100

    /// Adds the handlers. Call on the channel's loop.
    ///
    /// - Parameters:
    ///   - secure: whether TLS lies below.
    ///   - fallback: serves the requests that are not for Engine.IO's path.
    ///   - abort: ends the connection at once, called on its loop. Needed where closing the channel waits for the peer, as it does for the
    ///     peer's farewell under TLS.
    public static func configure(
        _ channel: any Channel, io: SocketIO, secure: Bool, fallback: HTTPFallback, abort: ((any Channel) -> Void)? = nil
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maximumHeaderBytes
        limits.maxHeaderListSize = maximumHeaderBytes
        limits.maxHeaderFieldCount = maximumHeaderCount
        let encoder = HTTPResponseEncoder()
        let requests = RequestDecoder(limits: limits)
        let decoder = ByteToMessageHandler(requests, maximumBufferSize: io.configuration.maximumUndecodedBytes)
        let front = HTTPFrontHandler(
            io: io, endpoint: EngineEndpoint(configuration: io.configuration), fallback: fallback, secure: secure, encoder: encoder,
            requests: requests, decoder: decoder, abort: abort)
        let operations = channel.pipeline.syncOperations
        try operations.addHandler(encoder)
        try operations.addHandler(decoder)
        try operations.addHandler(front)
    }
}
