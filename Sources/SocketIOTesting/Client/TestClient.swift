import NIOConcurrencyHelpers
import NIOCore
public import SocketIOCore
import WebSocketCore

/// A Socket.IO client for tests: a namespace over one WebSocket, on a real TCP connection. ``of(_:auth:)`` joins more over the same one.
///
/// Everything that arrives is kept until the test asks for it, so that no test has to listen before it acts. Every wait ends: with
/// what was waited for, with the end of the connection, or with ``TestClientError/timeout(_:)``.
///
///     let ann = try await TestClient.connect(port: server.port, auth: JSONObject { $0.field("token", token) })
///     let answer = try await ann.call("chat:join", JSONObject { $0.field("room", "r") })
///     let message = try await ann.next("chat:message")
///     await ann.disconnect()
public final class TestClient: Sendable {
    public let configuration: TestClientConfiguration
    /// The socket's id, as the server calls it in this namespace; empty for a client that has not joined.
    public var id: String { identity.withLockedValue { $0 } }

    let channel: any Channel
    let inboxes: TestClientInboxes
    private let identity = NIOLockedValueBox("")

    init(configuration: TestClientConfiguration, channel: any Channel, inboxes: TestClientInboxes) {
        self.configuration = configuration
        self.channel = channel
        self.inboxes = inboxes
    }

    /// Whether the TCP connection is open.
    public var isConnected: Bool { channel.isActive }

    // MARK: Sending

    /// Sends an event. Returns when it has been handed to the system.
    public func emit(_ event: String, _ arguments: any JSONWritable...) async throws {
        try await send(event: event, id: nil, arguments)
    }

    /// Sends an event and waits for its acknowledgement.
    public func call(_ event: String, _ arguments: any JSONWritable..., timeout: Duration? = nil) async throws -> Arguments {
        let channel = self.channel
        let namespace = configuration.namespace
        let id = try await channel.eventLoop.submit {
            // Without its handler the connection has ended, and the write says so.
            try? channel.pipeline.syncOperations.handler(type: TestClientHandler.self).makeID(in: namespace)
        }.get()
        try await send(event: event, id: id, arguments)
        return try await inboxes.acknowledgements.next(
            "the acknowledgement of \(event)", timeout: timeout ?? configuration.timeout
        ) { $0.id == id }.arguments
    }

    /// Answers an event that asks for an acknowledgement.
    public func acknowledge(_ event: TestEvent, _ arguments: any JSONWritable...) async throws {
        guard let id = event.id else { throw TestClientError.protocolViolation("\(event.name) asks for no acknowledgement") }
        var text = ByteBuffer(string: "4")
        let attachments = SocketIOEncoder.ack(id: id, namespace: configuration.namespace, into: &text) { writer in
            for argument in arguments { argument.write(to: &writer) }
        }
        try await send(opcode: .text, payload: text)
        for attachment in attachments { try await send(opcode: .binary, payload: attachment) }
    }

    private func send(event: String, id: UInt64?, _ arguments: [any JSONWritable]) async throws {
        var text = ByteBuffer(string: "4")
        let attachments = SocketIOEncoder.event(event, namespace: configuration.namespace, id: id, into: &text) { writer in
            for argument in arguments { argument.write(to: &writer) }
        }
        try await send(opcode: .text, payload: text)
        for attachment in attachments { try await send(opcode: .binary, payload: attachment) }
    }

    // MARK: Receiving

    /// The arguments of the next event of that name, in the order of arrival.
    public func next(_ event: String, timeout: Duration? = nil) async throws -> Arguments {
        try await inboxes.events.next("the event \(event)", timeout: timeout ?? configuration.timeout) { $0.name == event }
            .arguments
    }

    /// The next event that passes, whatever its name.
    public func next(
        timeout: Duration? = nil, where matches: @escaping @Sendable (TestEvent) -> Bool
    ) async throws -> TestEvent {
        try await inboxes.events.next(timeout: timeout ?? configuration.timeout, where: matches)
    }

    /// The events that have arrived and were not asked for.
    ///
    /// To see that an event did *not* come, first wait for something the server sends after it: a ``call(_:_:timeout:)`` for instance.
    public var unread: [TestEvent] { inboxes.events.unread }

    /// Waits until the server makes the client leave the namespace (`41`).
    public func disconnected(timeout: Duration? = nil) async throws {
        let packet = try await inboxes.disconnects.next(timeout: timeout ?? configuration.timeout)
        inboxes.disconnects.deliver(packet)
    }

    /// Waits until the connection has ended.
    @discardableResult
    public func closed(timeout: Duration? = nil) async throws -> TestClientClosure {
        let closure = try await inboxes.closures.next(timeout: timeout ?? configuration.timeout)
        inboxes.closures.deliver(closure)
        return closure
    }

    // MARK: Connecting and disconnecting

    /// Joins another namespace over the same connection.
    ///
    /// - Parameter auth: sent with the connect; an object, by the protocol.
    /// - Throws: ``TestClientError/connectRefused(message:data:)`` for a CONNECT_ERROR; the connection lives on.
    public func of(_ namespace: String, auth: (any JSONWritable)? = nil) async throws -> TestClient {
        var configuration = self.configuration
        configuration.namespace = namespace
        configuration.auth = auth.map(JSONSlice.init(writing:))
        let channel = self.channel
        let inboxes = TestClientInboxes(on: channel.eventLoop)
        let isJoining = try await channel.eventLoop.submit { [configuration] in
            let handler = try? channel.pipeline.syncOperations.handler(type: TestClientHandler.self)
            return handler?.join(namespace, auth: configuration.auth, inboxes) ?? false
        }.get()
        guard isJoining else { throw TestClientError.protocolViolation("\(namespace) cannot be joined") }
        let client = TestClient(configuration: configuration, channel: channel, inboxes: inboxes)
        client.joined(as: try await inboxes.joins.next(timeout: configuration.timeout))
        return client
    }

    /// Leaves this namespace; the connection stays, and so do its other namespaces.
    public func leave() async throws {
        let channel = self.channel
        let namespace = configuration.namespace
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: TestClientHandler.self).leave(namespace)
        }.get()
    }

    func joined(as id: String) { identity.withLockedValue { $0 = id } }

    /// What somebody waits for now, in all namespaces of the connection. Nothing, if it has ended.
    func waits() async -> [String] {
        let channel = self.channel
        let waits = try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: TestClientHandler.self).waits
        }.get()
        return waits ?? []
    }

    /// Leaves the namespace and closes the connection, and returns when the server has closed it too.
    public func disconnect() async {
        if channel.isActive {
            var text = ByteBuffer(string: "4")
            SocketIOEncoder.disconnect(namespace: configuration.namespace, into: &text)
            try? await send(opcode: .text, payload: text)
            try? await send(opcode: .close, payload: ByteBuffer(bytes: [0x03, 0xE8]))
            if (try? await closed(timeout: .seconds(5))) == nil { try? await channel.close() }
        }
        try? await channel.closeFuture.get()
    }

    /// Closes the TCP connection without a word, as a crash would.
    public func drop() async {
        try? await channel.close()
        try? await channel.closeFuture.get()
    }
}
