public import NIOCore

/// Serves the requests that are not for Engine.IO's path.
public struct HTTPFallback: Sendable {
    let install: @Sendable (any Channel) throws -> Void
    let abandon: @Sendable () -> Void

    /// - Parameters:
    ///   - install: called on the channel's loop, once, before its first request is passed on: adds handlers at the tail that take
    ///     `HTTPServerRequestPart` and write `HTTPServerResponsePart`.
    ///   - abandon: called instead, once, when the channel closes or becomes a WebSocket without such a request.
    public init(install: @escaping @Sendable (any Channel) throws -> Void, abandon: @escaping @Sendable () -> Void) {
        self.install = install
        self.abandon = abandon
    }
}
