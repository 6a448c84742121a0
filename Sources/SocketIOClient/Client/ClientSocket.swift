import NIOConcurrencyHelpers
public import NIOCore
public import SocketIOCore

/// One namespace of a client's connection. May be used from any thread. Calls take effect on the client's event loop, in their order.
///
/// Events that are sent while the namespace is not joined wait for it, up to the limits of the configuration.
public struct ClientSocket: Sendable {
    private let runtime: NIOLoopBound<ClientRuntime>
    private let plan: ClientPlan
    public let namespace: String

    init(_ runtime: NIOLoopBound<ClientRuntime>, _ plan: ClientPlan, _ namespace: String) {
        self.runtime = runtime
        self.plan = plan
        self.namespace = namespace
    }

    public var eventLoop: any EventLoop { plan.eventLoop }
    public var configuration: SocketIOClientConfiguration { plan.configuration }

    func run(_ body: @escaping @Sendable (ClientRuntime) -> Void) {
        let runtime = self.runtime
        if eventLoop.inEventLoop { body(runtime.value) } else { eventLoop.execute { body(runtime.value) } }
    }

    // MARK: Namespaces and state

    /// Another namespace over the same connection. Joins it at once.
    public func of(_ namespace: String) -> ClientSocket {
        run { $0.want(namespace) }
        return ClientSocket(runtime, plan, namespace)
    }

    /// Waits until the namespace is joined.
    ///
    /// - Returns: the socket's id, as the server calls it.
    /// - Throws: ``SocketIOClientError``: `joinRefused` for a CONNECT_ERROR.
    @discardableResult
    public func joined() async throws -> String {
        let namespace = self.namespace
        return try await wait { runtime, completion in runtime.whenJoined(namespace, completion) }
    }

    /// Whether the last join recovered an earlier session, with its rooms and missed events.
    public var isRecovered: Bool {
        get async {
            let namespace = self.namespace
            return await withCheckedContinuation { continuation in
                run { continuation.resume(returning: $0.namespaces[namespace]?.isRecovered ?? false) }
            }
        }
    }

    /// Joins again, after a refusal or after the server ended the namespace.
    public func connect() {
        let namespace = self.namespace
        run { $0.connectAgain(namespace) }
    }

    /// Leaves the namespace. The connection ends with its last one.
    public func disconnect() {
        let namespace = self.namespace
        run { $0.leave(namespace) }
    }

    /// The states of the connection, beginning with the current one. If more than 64 wait for a slow reader, the oldest are dropped.
    public var states: AsyncStream<ConnectionState> {
        let (stream, continuation) = AsyncStream.makeStream(of: ConnectionState.self, bufferingPolicy: .bufferingNewest(64))
        run { runtime in
            runtime.observe(continuation) { id in run { $0.removeObserver(id) } }
        }
        return stream
    }

    // MARK: Receiving

    /// Calls a handler for each event of that name, on the event loop: it must not block.
    public func on(_ event: String, _ handler: @escaping @Sendable (IncomingEvent) -> Void) {
        let namespace = self.namespace
        run { $0.on(event, in: namespace, handler) }
    }

    /// Removes the handlers of an event.
    public func off(_ event: String) {
        let namespace = self.namespace
        run { $0.off(event, in: namespace) }
    }

    /// Events of that name, or all events, from now on. The sequence ends when the namespace is left for good.
    ///
    /// - Throws: ``SocketIOClientError/overflow(_:)`` when its reader is too slow.
    public func events(_ event: String? = nil) -> AsyncThrowingStream<IncomingEvent, any Error> {
        let namespace = self.namespace
        let limit = configuration.limits.maximumUnreadEvents
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: IncomingEvent.self, bufferingPolicy: .bufferingOldest(limit))
        run { runtime in
            runtime.read(event, in: namespace, continuation) { id in run { $0.removeReader(id, in: namespace) } }
        }
        return stream
    }

    // MARK: Sending

    /// Sends an event. Under a retry policy it returns when the server has acknowledged it, otherwise when it was handed to the connection or
    /// waits for the namespace.
    ///
    /// - Throws: ``SocketIOClientError``: `overflow` when too much waits.
    public func emit(_ event: String, _ arguments: any JSONWritable...) async throws {
        try await send(OutgoingEvent(event, arguments, attachments: []))
    }

    /// Sends an event with binary values: each stands where ``JSONWriter/placeholder(_:)`` names it.
    public func emit(_ event: String, attachments: [ByteBuffer], arguments: (inout JSONWriter) -> Void) async throws {
        try await send(OutgoingEvent(event, attachments: attachments, arguments: arguments))
    }

    /// Sends an event that is dropped when it cannot leave at once.
    public func emitVolatile(_ event: String, _ arguments: any JSONWritable...) async throws {
        let event = OutgoingEvent(event, arguments, attachments: []), namespace = namespace
        try await wait { runtime, completion in completion(runtime.emit(event, in: namespace, isVolatile: true, call: nil)) }
    }

    /// Sends an event and waits for its acknowledgement.
    ///
    /// - Parameter timeout: counted from when the event leaves. If nil, the configuration's.
    /// - Throws: ``SocketIOClientError``: `acknowledgementTimeout`, `disconnected`, `overflow`.
    public func emitWithAck(_ event: String, _ arguments: any JSONWritable..., timeout: Duration? = nil) async throws -> Arguments {
        try await call(OutgoingEvent(event, arguments, attachments: []), timeout)
    }

    /// Sends an event with binary values and waits for its acknowledgement.
    public func emitWithAck(
        _ event: String, attachments: [ByteBuffer], timeout: Duration? = nil, arguments: (inout JSONWriter) -> Void
    ) async throws -> Arguments {
        try await call(OutgoingEvent(event, attachments: attachments, arguments: arguments), timeout)
    }

    private func send(_ event: OutgoingEvent) async throws {
        let namespace = self.namespace
        if configuration.retries != nil {
            _ = try await wait { runtime, completion in runtime.emitReliably(event, in: namespace, completion) }
        } else {
            try await wait { runtime, completion in completion(runtime.emit(event, in: namespace, isVolatile: false, call: nil)) }
        }
    }

    private func call(_ event: OutgoingEvent, _ timeout: Duration?) async throws -> Arguments {
        let namespace = self.namespace
        let timeout = timeout ?? configuration.acknowledgementTimeout
        let isRetried = configuration.retries != nil
        let arguments: Arguments? = try await wait { runtime, completion in
            if isRetried { return runtime.emitReliably(event, in: namespace, completion) }
            let call = NamespaceState.Call(timeout: timeout, completion: completion)
            if case .failure(let error) = runtime.emit(event, in: namespace, isVolatile: false, call: call) { completion(.failure(error)) }
        }
        guard let arguments else { throw SocketIOClientError.disconnected }
        return arguments
    }

    /// Waits for a callback from the loop. Only the first call counts.
    private func wait<Value: Sendable>(
        _ start: @escaping @Sendable (ClientRuntime, @escaping @Sendable (Result<Value, SocketIOClientError>) -> Void) -> Void
    ) async throws -> Value {
        let outcome = Outcome<Value>()
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                outcome.await(continuation)
                run { runtime in start(runtime) { outcome.set($0.mapError { $0 as any Error }) } }
            }
        } onCancel: {
            outcome.set(.failure(CancellationError()))
        }
        return try outcome.take()
    }
}

/// The first of several results, for one waiting task.
///
/// The result stays under the lock, and the continuation carries nothing. Of a continuation that is resumed before its task waits, Swift's
/// runtime does not tell the thread sanitizer that the one happens before the other; of a lock the sanitizer knows it.
private final class Outcome<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Void, Never>)
        case set(Result<Value, any Error>)
        case taken
    }

    private let state = NIOLockedValueBox(State.empty)

    func await(_ continuation: CheckedContinuation<Void, Never>) {
        let isWaiting = state.withLockedValue { state -> Bool in
            guard case .empty = state else { return false }
            state = .awaited(continuation)
            return true
        }
        if !isWaiting { continuation.resume() }
    }

    func set(_ result: Result<Value, any Error>) {
        let continuation = state.withLockedValue { state -> CheckedContinuation<Void, Never>? in
            switch state {
            case .empty: state = .set(result)
            case .awaited(let continuation):
                state = .set(result)
                return continuation
            case .set, .taken: break
            }
            return nil
        }
        continuation?.resume()
    }

    /// The result, once the continuation is resumed.
    func take() throws -> Value {
        let result = state.withLockedValue { state -> Result<Value, any Error>? in
            guard case .set(let result) = state else { return nil }
            state = .taken
            return result
        }
        guard let result else { throw CancellationError() }
        return try result.get()
    }
}

// MARK: Declared events

extension ClientSocket {
    public func emit<Payload: Encodable, Acknowledgement>(_ event: Event<Payload, Acknowledgement>, _ payload: Payload) async throws {
        try await emit(event.name, JSONEncoded(payload))
    }

    /// Sends an event and decodes its acknowledgement.
    /// - Throws: ``SocketIOError`` if the server's handler answers with one, ``SocketIOClientError``, or `DecodingError` if the acknowledgement
    ///   is something else.
    public func emitWithAck<Payload: Encodable, Acknowledgement: Decodable>(
        _ event: Event<Payload, Acknowledgement>, _ payload: Payload, timeout: Duration? = nil
    ) async throws -> Acknowledgement {
        try await emitWithAck(event.name, JSONEncoded(payload), timeout: timeout).decodeAnswer()
    }

    /// Calls a handler for each event with a payload of its type, on the event loop. Other payloads are ignored.
    public func on<Payload: Decodable & SendableMetatype, Acknowledgement>(
        _ event: Event<Payload, Acknowledgement>, _ handler: @escaping @Sendable (Payload) -> Void
    ) {
        on(event.name) { incoming in
            if let payload = try? incoming.arguments.decode(Payload.self) { handler(payload) }
        }
    }
}
