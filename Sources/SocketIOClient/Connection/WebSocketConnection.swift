package import NIOCore
import SocketIOCore
import WebSocketCore

/// The events of a ``WebSocketConnection``, on its loop.
package protocol WebSocketConnectionDelegate: AnyObject {
    func connection(_ connection: WebSocketConnection, reached milestone: ConnectionMilestone)
    func connectionOpened(_ connection: WebSocketConnection)
    func connection(_ connection: WebSocketConnection, received message: ByteBuffer)
    /// A binary message. The default implementation treats it like a text.
    func connection(_ connection: WebSocketConnection, receivedBinary message: ByteBuffer)
    /// The last call. Without an error the server closed or ended the connection properly.
    func connectionEnded(_ connection: WebSocketConnection, error: SocketIOClientError?)
}

extension WebSocketConnectionDelegate {
    package func connection(_ connection: WebSocketConnection, receivedBinary message: ByteBuffer) {
        self.connection(connection, received: message)
    }
}

/// A WebSocket without Engine.IO above it. It lives on one event loop, as ``SocketIOConnection`` does.
package final class WebSocketConnection: WebSocketOwner {
    package let plan: ConnectionPlan
    package let loop: ClientLoop
    private let target: String
    private var delegate: (any WebSocketConnectionDelegate)?
    private var handler: WebSocketClientHandler<WebSocketConnection>?
    /// Of the time to open.
    private let timer = LoopTimer()
    private var isOpen = false
    private var hasChannel = false
    private var closePromise: EventLoopPromise<Void>?

    /// - Parameters:
    ///   - target: path and query of the handshake.
    ///   - delegate: held until the connection has ended.
    package init(_ plan: ConnectionPlan, target: String, on loop: ClientLoop, delegate: any WebSocketConnectionDelegate) {
        self.plan = plan
        self.target = target
        self.loop = loop
        self.delegate = delegate
    }

    /// Connects. Once in the life of a connection.
    package func open() {
        let handler = WebSocketClientHandler(connection: self, handshake: plan.handshake(target: target, nonce: loop.nextNonce()))
        self.handler = handler
        hasChannel = true
        loop.set(timer, for: loop.eventLoop.now + TimeAmount(plan.configuration.timeout), owner: self)
        let bound = NIOLoopBound(handler, eventLoop: loop.eventLoop)
        let connected = ClientChannel.connect(plan, on: loop.eventLoop) { channel in
            try channel.pipeline.syncOperations.addHandler(bound.value)
        }
        // `assumeIsolated()` stops the process off the loop: the future is of that loop, and this is called on it.
        connected.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                channel.closeFuture.assumeIsolated().whenComplete { _ in self.channelClosed() }
                // The connection was closed while it was being opened.
                if self.handler !== handler { channel.close(promise: nil) }
            case .failure(let error):
                self.webSocketEnded(handler, .connectFailed("\(error)"))
                self.channelClosed()
            }
        }
    }

    /// Sends a message. Returns false if the connection is not open, or if too much waits.
    @discardableResult
    package func send(_ message: ByteBuffer, isBinary: Bool = false) -> Bool {
        guard isOpen, let handler else { return false }
        guard handler.isWritable || handler.bufferedBytes < plan.configuration.limits.maximumQueuedBytes else { return false }
        handler.send(opcode: isBinary ? .binary : .text, message)
        return true
    }

    /// Closes the connection with a close frame. The delegate is not called.
    package func close() {
        delegate = nil
        handler.take()?.close()
        finish(nil)
    }

    /// Completes when the channel is closed.
    package var closeFuture: EventLoopFuture<Void> {
        let promise = closePromise ?? loop.eventLoop.makePromise()
        closePromise = promise
        completeIfClosed()
        return promise.futureResult
    }

    private func end(_ error: SocketIOClientError) {
        handler.take()?.abort()
        finish(error)
    }

    private func finish(_ error: SocketIOClientError?) {
        isOpen = false
        loop.cancel(timer)
        delegate.take()?.connectionEnded(self, error: error)
        completeIfClosed()
    }

    private func channelClosed() {
        hasChannel = false
        completeIfClosed()
    }

    private func completeIfClosed() {
        if delegate == nil, !hasChannel { closePromise?.succeed() }
    }

    // MARK: The handler

    func reached(_ milestone: ConnectionMilestone) { delegate?.connection(self, reached: milestone) }

    func webSocketOpened(_ handler: WebSocketClientHandler<WebSocketConnection>) {
        guard handler === self.handler else { return }
        isOpen = true
        loop.cancel(timer)
        delegate?.connectionOpened(self)
    }

    func receive(_ message: ReceivedPacket, from handler: WebSocketClientHandler<WebSocketConnection>) {
        delegate?.connection(self, received: message.withText { ByteBuffer(bytes: $0) })
    }

    func receive(binary: ByteBuffer, from handler: WebSocketClientHandler<WebSocketConnection>) {
        delegate?.connection(self, receivedBinary: binary)
    }

    func readCompleted() {}

    func writeBatch() {}

    func webSocketEnded(_ handler: WebSocketClientHandler<WebSocketConnection>, _ error: SocketIOClientError?) {
        guard handler === self.handler else { return }
        self.handler = nil
        finish(error)
    }
}

extension WebSocketConnection: LoopTimerOwner {
    package func timerFired(_ timer: LoopTimer) { end(.connectTimeout) }
}
