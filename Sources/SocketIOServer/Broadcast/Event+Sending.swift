public import SocketIOCore

/// Sending declared events: the compiler checks the payload, and what the acknowledgement is.

extension ServerSocket {
    public func emit<Payload: Encodable, Answer>(_ event: Event<Payload, Answer>, _ payload: Payload) {
        emit(event.name, JSONEncoded(payload))
    }

    public func emit<Answer>(_ event: Event<Void, Answer>) { emit(event.name) }

    /// Sends an event and asks for an acknowledgement.
    ///
    /// - Parameter completion: called once on the loop: with the answer; or with ``SocketIOError`` if the client answered with one,
    ///   ``AcknowledgementError``, or `DecodingError` if the answer is something else.
    public func emit<Payload: Encodable, Answer: Decodable>(
        _ event: Event<Payload, Answer>, _ payload: Payload, timeout: Duration = .seconds(10),
        acknowledgement completion: @escaping (Result<Answer, any Error>) -> Void
    ) {
        emitWithAck(event.name, [JSONEncoded(payload)], timeout: timeout) { result in
            completion(Result { try result.get().decodeAnswer() })
        }
    }
}

extension SocketReference {
    public func emit<Payload: Encodable, Answer>(_ event: Event<Payload, Answer>, _ payload: Payload) {
        emit(event.name, JSONEncoded(payload))
    }

    public func emit<Answer>(_ event: Event<Void, Answer>) { emit(event.name) }

    /// Sends an event and waits for the acknowledgement.
    ///
    /// - Throws: ``SocketIOError`` if the client answers with one, ``AcknowledgementError``, or `DecodingError` if the answer is something else.
    public func emitWithAck<Payload: Encodable, Answer: Decodable>(
        _ event: Event<Payload, Answer>, _ payload: Payload, timeout: Duration = .seconds(10)
    ) async throws -> Answer {
        try await emitWithAck(event.name, JSONEncoded(payload), timeout: timeout).decodeAnswer()
    }
}

extension BroadcastOperator {
    public func emit<Payload: Encodable, Answer>(_ event: Event<Payload, Answer>, _ payload: Payload) {
        emit(event.name, JSONEncoded(payload))
    }

    public func emit<Answer>(_ event: Event<Void, Answer>) { emit(event.name) }

    /// Sends an event and waits for the acknowledgement of each client.
    ///
    /// - Throws: ``SocketIOError`` if a client answers with one, ``MissingAcknowledgements``, or `DecodingError` if an answer is something else.
    public func emitWithAck<Payload: Encodable, Answer: Decodable>(
        _ event: Event<Payload, Answer>, _ payload: Payload
    ) async throws -> [Answer] {
        try await emitWithAck(event.name, JSONEncoded(payload)).map { try $0.decode() }
    }
}

extension Namespace {
    /// Sends to everybody.
    public func emit<Payload: Encodable, Answer>(_ event: Event<Payload, Answer>, _ payload: Payload) { everybody.emit(event, payload) }
    public func emit<Answer>(_ event: Event<Void, Answer>) { everybody.emit(event) }
}

extension SocketIO {
    /// Sends to everybody in the namespace "/".
    public func emit<Payload: Encodable, Answer>(_ event: Event<Payload, Answer>, _ payload: Payload) { of("/").emit(event, payload) }
    public func emit<Answer>(_ event: Event<Void, Answer>) { of("/").emit(event) }
}
