import EngineIOCore
import NIOCore
import SocketIOCore

/// The state of one client, on its event loop: the connection, the namespaces, and the waiting calls. It starts no tasks: work that must be
/// awaited goes to ``ClientWork``'s runner.
final class ClientRuntime: SocketIOConnectionDelegate {
    let loop: ClientLoop
    private let plan: ClientPlan
    private let work: AsyncStream<ClientWork>.Continuation
    private var connection: SocketIOConnection?
    /// Connections that have ended but whose channels are still open.
    private var closing: [ObjectIdentifier: EventLoopFuture<Void>] = [:]
    /// The session that the next connection resumes.
    private var resumed: SocketIOClientSession?
    private(set) var namespaces: [String: NamespaceState] = [:]
    private var backoff: Backoff?
    private var attempt = 0
    private var isClosed = false
    /// The client closes as soon as its waiting events are sent.
    var departure: (promise: EventLoopPromise<Void>, timer: Scheduled<Void>)?
    private var state = ConnectionState.connecting(attempt: 0)
    private var observers: [UInt64: AsyncStream<ConnectionState>.Continuation] = [:]
    private var nextID: UInt64 = 0
    private let offsetPrefix: String

    init(_ plan: ClientPlan, on loop: ClientLoop, work: AsyncStream<ClientWork>.Continuation) {
        self.loop = loop
        self.plan = plan
        self.work = work
        backoff = plan.configuration.reconnection.map(Backoff.init)
        offsetPrefix = String(loop.nextNonce().0, radix: 36)
    }

    var configuration: SocketIOClientConfiguration { self.plan.configuration }

    private func makeID() -> UInt64 {
        nextID += 1
        return nextID
    }

    // MARK: The connection

    func connect() {
        guard !isClosed, self.connection == nil else { return }
        change(to: .connecting(attempt: self.attempt))
        let connection = SocketIOConnection(self.plan.connection, on: self.loop, session: resumed.take(), delegate: self)
        self.connection = connection
        connection.open()
    }

    /// The application wants a namespace again: connects at once, with all attempts.
    func connectAgain(_ namespace: String) {
        if self.connection == nil {
            self.attempt = 0
            backoff?.reset()
        }
        want(namespace)
        connect()
    }

    /// The delay before an attempt is over.
    func reconnect(_ attempt: Int) {
        if attempt == self.attempt { connect() }
    }

    func connectionOpened(_ connection: SocketIOConnection) {
        self.attempt = 0
        backoff?.reset()
        change(to: .connected)
        for namespace in namespaces.keys { join(namespace) }
    }

    func connectionUpgraded(_ connection: SocketIOConnection) {}

    func connectionEnded(
        _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
        lost: [(namespace: String, lost: [UInt64])]
    ) {
        guard connection === self.connection else { return }
        self.connection = nil
        resumed = connection.session
        let id = ObjectIdentifier(connection), closed = connection.closeFuture
        closing[id] = closed
        // `assumeIsolated()` stops the process off the loop: the future is of this loop. The connection lives until it is removed here.
        closed.assumeIsolated().whenComplete { _ in
            withExtendedLifetime(connection) { self.closing[id] = nil }
        }
        for namespace in namespaces.keys {
            namespaces[namespace]?.isAuthenticating = false
            namespaces[namespace]?.connectionEnded()
        }
        for (namespace, ids) in lost { lose(ids, in: namespace) }
        let word = error.map { "\(reason.rawValue): \($0)" } ?? reason.rawValue
        guard !isClosed, namespaces.values.contains(where: \.isWanted) else {
            return change(to: .disconnected(reason: isClosed ? "io client disconnect" : word))
        }
        guard let delay = backoff?.next(random: self.configuration.random()) else { return giveUp(word, error) }
        self.attempt += 1
        change(to: .waiting(delay, reason: word))
        self.work.yield(.wait(delay, attempt: self.attempt))
    }

    /// There is no further attempt: all waiting calls fail.
    private func giveUp(_ word: String, _ error: SocketIOClientError?) {
        change(to: .disconnected(reason: word))
        for namespace in Array(namespaces.keys) {
            end(namespace, error ?? .disconnected, endsReaders: true)
        }
    }

    /// Drops the connection, as a broken network would.
    func abortConnection() { self.connection?.abort() }

    /// Closes everything at once, and calls back when no channel is left.
    func closeNow() -> EventLoopFuture<Void> {
        isClosed = true
        if let connection = self.connection {
            for namespace in namespaces.keys { connection.leave(namespace) }
            connection.close()
        }
        if case .disconnected = self.state {} else { change(to: .disconnected(reason: "io client disconnect")) }
        for namespace in Array(namespaces.keys) { fail(namespace, .closed, endsReaders: true) }
        for observer in observers.values { observer.finish() }
        observers = [:]
        self.work.finish()
        return EventLoopFuture.andAllComplete(Array(closing.values), on: self.loop.eventLoop)
    }

    // MARK: States

    private func change(to state: ConnectionState) {
        self.state = state
        for observer in observers.values { observer.yield(state) }
    }

    func observe(_ observer: AsyncStream<ConnectionState>.Continuation, onTermination: @escaping @Sendable (UInt64) -> Void) {
        observer.yield(self.state)
        guard !isClosed else { return observer.finish() }
        let id = makeID()
        observers[id] = observer
        observer.onTermination = { _ in onTermination(id) }
    }

    func removeObserver(_ id: UInt64) { observers[id] = nil }

    // MARK: Namespaces

    /// Joins a namespace, now and after each reconnect.
    func want(_ namespace: String) {
        guard !isClosed else { return }
        if namespaces[namespace] == nil { namespaces[namespace] = NamespaceState() }
        namespaces[namespace]?.ended = nil
        join(namespace)
    }

    private func join(_ namespace: String) {
        guard let connection, connection.isOpen, connection.session.state(of: namespace) == .idle, let own = namespaces[namespace],
            own.isWanted, !own.isAuthenticating
        else { return }
        switch self.configuration.authentication {
        case .none: join(namespace, auth: nil, on: connection)
        case .value(let auth): join(namespace, auth: auth, on: connection)
        case .provider(let provider):
            namespaces[namespace]?.isAuthenticating = true
            self.work.yield(.authenticate(namespace, provider, NIOLoopBound(connection, eventLoop: self.loop.eventLoop)))
        }
    }

    private func join(_ namespace: String, auth: JSONSlice?, on connection: SocketIOConnection) {
        if !connection.join(namespace, auth: auth) { end(namespace, .overflow("namespaces"), endsReaders: true) }
    }

    func authenticated(_ namespace: String, _ result: Result<JSONSlice?, any Error>, for connection: SocketIOConnection) {
        guard connection === self.connection else { return }
        namespaces[namespace]?.isAuthenticating = false
        switch result {
        case .success(let auth): if namespaces[namespace]?.isWanted == true { join(namespace, auth: auth, on: connection) }
        case .failure(let error): connection.end(.transportError, .connectFailed("no auth: \(error)"))
        }
    }

    /// Calls back with the socket's id when the namespace is joined, or with the refusal.
    func whenJoined(_ namespace: String, _ completion: @escaping (Result<String, SocketIOClientError>) -> Void) {
        if let refusal = self.refusal(of: namespace) { return completion(.failure(refusal)) }
        if let sid = self.connection?.session.sid(of: namespace) { return completion(.success(sid)) }
        namespaces[namespace]?.joinWaiters.append(completion)
    }

    /// The reason why a namespace cannot be used. Nil if it is joined, or will be.
    private func refusal(of namespace: String) -> SocketIOClientError? {
        isClosed ? .closed : namespaces[namespace].map(\.ended) ?? .closed
    }

    func leave(_ namespace: String) {
        if let lost = self.connection?.leave(namespace) { lose(lost, in: namespace) }
        end(namespace, .disconnected, endsReaders: true)
        // As in the reference, a connection that no namespace needs is closed.
        if !namespaces.values.contains(where: \.isWanted) { self.connection?.close() }
    }

    /// Gives a namespace up. Later calls fail with the same reason.
    private func end(_ namespace: String, _ error: SocketIOClientError, endsReaders: Bool) {
        namespaces[namespace]?.ended = error
        fail(namespace, error, endsReaders: endsReaders)
    }

    /// Fails all waiting calls.
    private func fail(_ namespace: String, _ error: SocketIOClientError, endsReaders: Bool) {
        let completions = namespaces[namespace]?.takeCompletions() ?? []
        let waiters = namespaces[namespace]?.joinWaiters ?? []
        namespaces[namespace]?.joinWaiters = []
        let readers = endsReaders ? namespaces[namespace]?.readers ?? [] : []
        if endsReaders { namespaces[namespace]?.readers = [] }
        for completion in completions { completion(.failure(error)) }
        for waiter in waiters { waiter(.failure(error)) }
        for reader in readers { reader.continuation.finish() }
        departIfReady()
    }

    private func lose(_ ids: [UInt64], in namespace: String) {
        for id in ids { namespaces[namespace]?.calls.removeValue(forKey: id)?(.failure(.disconnected)) }
    }

    // MARK: Receiving

    func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {
        switch reception {
        case .event(let arguments, let namespace): deliver(arguments, in: namespace)
        case .acknowledgement(let id, let arguments, let namespace):
            if let completion = namespaces[namespace]?.trySucceeded(id) {
                completion(.success(arguments))
                sendNextTry(namespace)
            } else {
                namespaces[namespace]?.calls.removeValue(forKey: id)?(.success(arguments))
            }
        case .joined(let namespace, let sid, let recovered): joined(namespace, sid, recovered)
        case .refused(let namespace, let message, let data):
            end(namespace, .joinRefused(message: message, data: data), endsReaders: false)
        case .left(let namespace, let lost):
            // As in the reference, a namespace that the server ended is not joined again automatically.
            lose(lost, in: namespace)
            end(namespace, .disconnected, endsReaders: true)
        case .incomplete, .ignored: break
        }
    }

    func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {
        if let retries = self.configuration.retries {
            namespaces[namespace]?.tryFailed(id, maximumRetries: retries.maximumRetries)?(.failure(.acknowledgementTimeout))
            sendNextTry(namespace)
        }
        namespaces[namespace]?.calls.removeValue(forKey: id)?(.failure(.acknowledgementTimeout))
    }

    private func joined(_ namespace: String, _ sid: String, _ recovered: Bool) {
        namespaces[namespace]?.isRecovered = recovered
        let waiters = namespaces[namespace]?.joinWaiters ?? []
        namespaces[namespace]?.joinWaiters = []
        for buffered in namespaces[namespace]?.takeBuffered() ?? [] { sendNow(buffered.event, buffered.call, in: namespace) }
        sendNextTry(namespace)
        for waiter in waiters { waiter(.success(sid)) }
        departIfReady()
    }

    private func deliver(_ arguments: Arguments, in namespace: String) {
        guard let own = namespaces[namespace] else { return }
        let name = arguments.name
        let socket = ClientSocket(NIOLoopBound(self, eventLoop: self.loop.eventLoop), self.plan, namespace)
        let event = IncomingEvent(
            name: name, arguments: arguments,
            acknowledge: arguments.acknowledgementID.map { ClientAcknowledgement(socket: socket, id: $0) })
        for handler in own.handlers[name] ?? [] { handler(event) }
        for reader in own.readers where reader.name == nil || reader.name == name {
            if case .dropped = reader.continuation.yield(event) {
                reader.continuation.finish(throwing: SocketIOClientError.overflow("the unread events of \(reader.name ?? "a sequence")"))
            }
        }
    }

    // MARK: Handlers

    func on(_ name: String, in namespace: String, _ handler: @escaping @Sendable (IncomingEvent) -> Void) {
        namespaces[namespace]?.handlers[name, default: []].append(handler)
    }

    func off(_ name: String, in namespace: String) { namespaces[namespace]?.handlers[name] = nil }

    func read(
        _ name: String?, in namespace: String, _ reader: NamespaceState.Reader, onTermination: @escaping @Sendable (UInt64) -> Void
    ) {
        guard self.refusal(of: namespace) == nil else { return reader.finish() }
        let id = makeID()
        namespaces[namespace]?.readers.append((id, name, reader))
        reader.onTermination = { _ in onTermination(id) }
    }

    func removeReader(_ id: UInt64, in namespace: String) { namespaces[namespace]?.readers.removeAll { $0.id == id } }

    // MARK: Sending

    /// Sends an event, now or once the namespace is joined.
    ///
    /// - Parameters:
    ///   - isVolatile: true for an event that is dropped, without an error, if it cannot leave at once.
    ///   - call: the call that waits for the acknowledgement.
    func emit(
        _ event: OutgoingEvent, in namespace: String, isVolatile: Bool, call: NamespaceState.Call?
    ) -> Result<Void, SocketIOClientError> {
        if let refusal = self.refusal(of: namespace) { return .failure(refusal) }
        if let connection, connection.session.state(of: namespace) == .joined {
            if isVolatile, !connection.isWritable { return .success(()) }
            return sendNow(event, call, in: namespace)
        }
        if isVolatile { return .success(()) }
        let isBuffered = namespaces[namespace]?.buffer(event, call, self.configuration.limits) ?? false
        return isBuffered ? .success(()) : .failure(.overflow("the events that wait for \(namespace)"))
    }

    @discardableResult
    private func sendNow(
        _ event: OutgoingEvent, _ call: NamespaceState.Call?, in namespace: String
    ) -> Result<Void, SocketIOClientError> {
        guard let connection else { return .failure(.notConnected) }
        guard let call else {
            return connection.emit(event.name, in: namespace, attachments: event.attachments, arguments: event.write)
                ? .success(()) : .failure(.overflow("the bytes that wait for the server"))
        }
        let id = connection.emitWithAck(
            event.name, in: namespace, attachments: event.attachments, timeout: call.timeout, arguments: event.write)
        guard let id else {
            let error = SocketIOClientError.overflow("the acknowledgements that the server owes")
            call.completion(.failure(error))
            return .failure(error)
        }
        namespaces[namespace]?.calls[id] = call.completion
        return .success(())
    }

    /// Sends an event with retries, after the earlier ones are done.
    func emitReliably(_ event: OutgoingEvent, in namespace: String, _ completion: @escaping NamespaceState.Completion) {
        if let refusal = self.refusal(of: namespace) { return completion(.failure(refusal)) }
        let appendsOffset = self.configuration.retries?.appendsOffset == true
        let event = appendsOffset ? event.appending("\(offsetPrefix)-\(makeID())") : event
        guard namespaces[namespace]?.enqueue(event, self.configuration.limits, completion) == true else {
            return completion(.failure(.overflow("the events that wait for \(namespace)")))
        }
        sendNextTry(namespace)
    }

    private func sendNextTry(_ namespace: String) {
        guard let connection, connection.session.state(of: namespace) == .joined, let policy = self.configuration.retries,
            let event = namespaces[namespace]?.nextTry
        else { return }
        let id = connection.emitWithAck(
            event.name, in: namespace, attachments: event.attachments, timeout: policy.acknowledgementTimeout, arguments: event.write)
        if let id { namespaces[namespace]?.tryBegan(id) }
    }

    func acknowledge(_ id: UInt64, in namespace: String, _ event: OutgoingEvent) {
        self.connection?.acknowledge(id, in: namespace, attachments: event.attachments, arguments: event.write)
    }
}

/// Work that a client must await. The runner of ``withSocketIOClient(_:eventLoopGroup:_:)`` awaits it in its task group.
enum ClientWork: Sendable {
    case wait(Duration, attempt: Int)
    case authenticate(String, @Sendable (String) async throws -> JSONSlice?, NIOLoopBound<SocketIOConnection>)
}

/// The constant parts of a client.
final class ClientPlan: Sendable {
    let configuration: SocketIOClientConfiguration
    let connection: ConnectionPlan
    let eventLoop: any EventLoop

    init(_ configuration: SocketIOClientConfiguration, on eventLoop: any EventLoop) {
        self.configuration = configuration
        self.connection = ConnectionPlan(configuration.connection)
        self.eventLoop = eventLoop
    }
}
