import NIOCore
public import SocketIOCore

/// Something else arrived than a test expected, or nothing did.
public struct UnmetExpectation: Error, CustomStringConvertible {
    /// The event that was expected, as a JSON array of its name and its arguments.
    public let expected: String
    /// The events that arrived instead, written the same way: all that nobody has asked for.
    public let arrived: [String]

    public var description: String {
        "expected \(expected), but \(arrived.isEmpty ? "nothing" : arrived.joined(separator: ", ")) arrived"
    }

    init(_ expected: String, arrived: [TestEvent]) {
        self.expected = expected
        self.arrived = arrived.map { UnmetExpectation.text($0.name, $0.arguments.all) }
    }

    fileprivate static func text(_ name: String, _ arguments: [JSONSlice]) -> String {
        JSONSlice(writing: [JSONSlice(writing: name)] + arguments).description
    }
}

extension TestClient {
    /// Waits for the next event of that name. If arguments are given, it must have exactly these, members of objects in the same order.
    ///
    /// - Throws: ``UnmetExpectation``, which says what arrived; ``TestClientError`` if the connection ends.
    @discardableResult
    public func expect(_ event: String, _ arguments: any JSONWritable..., timeout: Duration? = nil) async throws -> Arguments {
        let wanted = arguments.map { JSONSlice(writing: $0) }
        let expected = UnmetExpectation.text(event, wanted)
        let arrived: Arguments
        do {
            arrived = try await next(event, timeout: timeout)
        } catch TestClientError.timeout {
            throw UnmetExpectation(expected, arrived: unread)
        }
        guard wanted.isEmpty || arrived.all == wanted else {
            throw UnmetExpectation(expected, arrived: [TestEvent(name: event, arguments: arrived, id: nil)] + unread)
        }
        return arrived
    }

    /// Waits for the next event of that name, which must have this payload.
    ///
    /// - Throws: ``UnmetExpectation``, which says what arrived; ``TestClientError`` if the connection ends.
    public func expect<Payload: Codable & Equatable, Answer>(
        _ event: Event<Payload, Answer>, _ payload: Payload, timeout: Duration? = nil
    ) async throws {
        let arrived = try await expect(event.name, timeout: timeout)
        guard let received = try? arrived.decode(Payload.self), received == payload else {
            let expected = UnmetExpectation.text(event.name, [JSONSlice(writing: JSONEncoded(payload))])
            throw UnmetExpectation(expected, arrived: [TestEvent(name: event.name, arguments: arrived, id: nil)] + unread)
        }
    }

    /// Shows that nothing has come that the test did not ask for, without waiting for a time: what the server sent before it answers a ping
    /// has arrived by then. What another client causes may be on its way within the server; await that client's acknowledgement before.
    ///
    /// - Throws: ``UnmetExpectation`` with the events that came; ``TestClientError`` if the connection ends.
    public func expectNothing(timeout: Duration? = nil) async throws {
        let channel = self.channel
        let namespace = configuration.namespace
        let number = try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: TestClientHandler.self).ping(for: namespace)
        }.get()
        _ = try await inboxes.pongs.next("the answer to a ping", timeout: timeout ?? configuration.timeout) { $0 == number }
        guard unread.isEmpty else { throw UnmetExpectation("nothing", arrived: unread) }
    }
}
