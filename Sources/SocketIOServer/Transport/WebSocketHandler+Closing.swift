import NIOCore

/// Closing the channel so that the peer still gets what was written.
extension WebSocketHandler {
    /// How long a closed connection may take to end.
    private static let lingerTime = TimeAmount.seconds(2)

    func close(_ manner: LinkClosing) {
        switch stage {
        case .early: rareState.closing = manner
        case .attached:
            switch manner {
            case .gently: closeGently()
            case .patiently: closePatiently()
            case .afterPeer: closeAfterPeer()
            }
        case .detached: break
        }
    }

    /// Both sides have sent close frames. TLS closes with an exchange of its own, and waiting bytes leave first.
    private func closeAfterPeer() {
        guard writesDirectly, !isClosing, let context else { return closeGently() }
        isClosing = true
        call { context.close(promise: nil) }
    }

    /// Ends the output, and waits a short time for the peer's end. Closing with unread bytes would reset the connection, and the peer would
    /// not see the reason.
    private func closeGently() {
        guard !isClosing, let context else { return }
        isClosing = true
        holdReading(false)
        guard context.channel.isWritable else { return call { context.close(promise: nil) } }
        call { context.close(mode: .output, promise: nil) }
        linger(context)
    }

    /// The same, but the short time begins when all written bytes have left. ``StallWatch`` ends a peer that takes none.
    private func closePatiently() {
        guard !isClosing, let context else { return }
        isClosing = true
        holdReading(false)
        let promise = context.eventLoop.makePromise(of: Void.self)
        // `assumeIsolated()` stops the process off the loop: a handler is called there, and so are its futures.
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            if let self, let context = self.context { linger(context) }
        }
        call { context.close(mode: .output, promise: promise) }
    }

    private func linger(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingerTime) { [weak self] in
            self?.context?.close(promise: nil)
        }
    }
}
