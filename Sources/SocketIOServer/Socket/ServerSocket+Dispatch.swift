import DequeModule
import EngineIOCore
import Logging
import NIOCore
import SocketIOCore
import WebSocketCore

/// The way of an event to its handler: handlers of all events, middleware, the handler of its name.
extension ServerSocket {
    func receive(_ arguments: Arguments) {
        connection.shard.counters.eventsReceived.add()
        guard isHolding else { return dispatch(arguments) }
        let bytes = arguments.memoryBytes
        if take(bytes) { kept?.waiting.append(arguments) }
    }

    private func dispatch(_ arguments: Arguments) {
        let request = EventRequest(socket: self, arguments: arguments)
        if let latest, arguments.packet.isNamed(latest.name) { return latest.handler.call(request) }
        for listener in catchAll { listener.handler.call(request) }
        if rare == nil { handle(request) } else { pass(request, from: 0) }
    }

    private func handle(_ request: EventRequest) {
        let name = request.name
        guard name.utf8.count <= longestHandlerName, let handler = handlers[name] else {
            rare?.unhandled?.call(request)
            return
        }
        if let rare, rare.onceNames.remove(name) != nil {
            handlers[name] = nil
        } else if catchAll.isEmpty, rare?.middlewares.isEmpty ?? true {
            latest = ShortEventName(name).map { ($0, handler) }
        }
        handler.call(request)
    }

    // MARK: Middleware

    /// Asks the middlewares from that one on, then the handler.
    private func pass(_ request: EventRequest, from start: Int) {
        let middlewares = rare?.middlewares ?? []
        for index in middlewares.indices.dropFirst(start) {
            switch middlewares[index] {
            case .immediate(let middleware):
                do { try middleware(request) } catch { return refuse(request, error) }
            case .asynchronous(let middleware): return wait(for: middleware, request, at: index)
            }
        }
        handle(request)
    }

    private func wait(
        for middleware: @escaping @Sendable (AsyncEventRequest) async throws -> Void, _ request: EventRequest, at index: Int
    ) {
        // After the end of the server nothing would wait for it.
        guard let io = connection.shard.io else { return }
        let detached = AsyncEventRequest(request)
        isHolding = true
        io.track(for: connection) {
            var failure: (any Error)?
            do { try await middleware(detached) } catch { failure = error }
            detached.socket.perform { [failure] socket in
                socket.isHolding = false
                let request = EventRequest(socket: socket, arguments: detached.arguments)
                if let failure { socket.refuse(request, failure) } else { socket.pass(request, from: index + 1) }
                if !socket.isHolding { socket.resume() }
            }
        }
    }

    private func refuse(_ request: EventRequest, _ error: any Error) {
        if let acknowledge = request.acknowledge {
            acknowledge(SocketIOError(answering: error, to: request.name, connection.shard.logger))
        }
        rare?.error?(error, request)
    }

    // MARK: Asynchronous handlers

    /// Runs an asynchronous handler in a task. Later events wait behind it, unless it is concurrent.
    func run(_ request: EventRequest, concurrently: Bool, _ perform: @escaping @Sendable (AsyncEventRequest) async -> Void) {
        // After the end of the server nothing would wait for the handler.
        guard let io = connection.shard.io else { return }
        let request = AsyncEventRequest(request)
        let bytes = request.arguments.memoryBytes
        if concurrently {
            guard take(bytes) else { return }
        } else {
            isHolding = true
        }
        io.track(for: connection) {
            await perform(request)
            request.socket.perform { socket in
                if concurrently { socket.giveBack(bytes) } else { socket.resume() }
            }
        }
    }

    /// Counts an event that waits or is in a concurrent handler. Returns false if there are too many; the client is closed then. A single
    /// event may be as large as a packet; the events behind it share the limit with it.
    private func take(_ bytes: Int) -> Bool {
        let configuration = connection.shard.configuration
        let kept = kept ?? KeptEvents()
        self.kept = kept
        guard kept.count < configuration.maximumHeldEvents, kept.count == 0 || kept.bytes + bytes <= configuration.maximumHeldBytes else {
            connection.shard.logger.notice("closing a client whose events pile up", metadata: ["socket": "\(self.id)"])
            connection.close(.forcedClose, code: .policyViolation)
            return false
        }
        kept.count += 1
        kept.bytes += bytes
        return true
    }

    private func giveBack(_ bytes: Int) {
        kept?.count -= 1
        kept?.bytes -= bytes
    }

    /// The asynchronous handler has finished: the events behind it continue, even if the client has gone meanwhile.
    func resume() {
        isHolding = false
        while !isHolding, let arguments = kept?.waiting.popFirst() {
            giveBack(arguments.memoryBytes)
            dispatch(arguments)
        }
        if !isConnected, !isHolding { dropHandlers() }
    }

    // MARK: Outgoing events

    /// Calls the listeners of outgoing events in a later step of the loop: now members may be being visited, or a handler may be running.
    func tellOutgoing(_ packet: EncodedPacket) {
        guard let rare, !rare.outgoing.isEmpty else { return }
        // `assumeIsolated()` stops the process off the loop: a socket is not Sendable and never leaves its shard's.
        connection.shard.loop.assumeIsolated().execute { [self] in
            guard let arguments = packet.event else { return }
            for listener in self.rare?.outgoing ?? [] { listener.call(arguments) }
        }
    }
}

/// The events that wait for an asynchronous handler or are in concurrent handlers. Allocated for the first such event.
final class KeptEvents {
    var waiting: Deque<Arguments> = []
    /// The number of all of them, those in concurrent handlers included.
    var count = 0
    var bytes = 0
}

extension Arguments {
    /// Their approximate memory in bytes: the packet's buffers, the positions of its elements, the objects around them.
    var memoryBytes: Int {
        512 + packet.capacity + 8 * count + attachments.reduce(0) { $0 + $1.readableBytes + 64 }
    }
}
