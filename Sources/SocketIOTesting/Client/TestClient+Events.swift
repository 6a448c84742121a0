public import SocketIOCore

/// Declared events: payloads and acknowledgements are values.
extension TestClient {
    public func emit<Payload: Encodable, Acknowledgement>(_ event: Event<Payload, Acknowledgement>, _ payload: Payload) async throws {
        try await emit(event.name, JSONEncoded(payload))
    }

    /// Sends an event and decodes its acknowledgement.
    /// - Throws: `DecodingError` if the acknowledgement is something else.
    public func call<Payload: Encodable, Acknowledgement: Decodable>(
        _ event: Event<Payload, Acknowledgement>, _ payload: Payload, timeout: Duration? = nil
    ) async throws -> Acknowledgement {
        try await call(event.name, JSONEncoded(payload), timeout: timeout).decode()
    }

    /// The payload of the next event of that name.
    public func next<Payload: Decodable, Acknowledgement>(
        _ event: Event<Payload, Acknowledgement>, timeout: Duration? = nil
    ) async throws -> Payload {
        try await next(event.name, timeout: timeout).decode()
    }
}

/// An event that a test's client received.
public struct TestEvent: Sendable {
    public let name: String
    public let arguments: Arguments
    /// The acknowledgement that the server asks for: answer with ``TestClient/acknowledge(_:_:)``.
    public let id: UInt64?
}
