import Logging
public import SocketIOCore

/// A typed event as a handler on the loop gets it. Members of the payload may be asked for directly: `request.room` is
/// `request.payload.room`.
@dynamicMemberLookup
public struct TypedRequest<Payload> {
    public let socket: ServerSocket
    public let payload: Payload

    public subscript<Member>(dynamicMember member: KeyPath<Payload, Member>) -> Member { payload[keyPath: member] }
}

/// A typed event as an asynchronous handler gets it. Its parts may leave the loop.
@dynamicMemberLookup
public struct AsyncTypedRequest<Payload: Sendable>: Sendable {
    public let socket: SocketReference
    public let payload: Payload

    public subscript<Member>(dynamicMember member: KeyPath<Payload, Member>) -> Member { payload[keyPath: member] }
}

/// Handlers of declared events. A handler's return value is the acknowledgement, if the client asks for one.
///
/// The answer to a payload of another type is ``SocketIOError/invalidPayload``. The answer to an error of the handler is the error itself
/// if it is a ``SocketIOError``, and ``SocketIOError/internalError`` otherwise: the client never gets the text of a Swift error.
extension ServerSocket {
    // MARK: On the loop

    public func on<Payload: Decodable, Answer: Encodable>(
        _ event: Event<Payload, Answer>, _ handler: @escaping (TypedRequest<Payload>) throws -> Answer
    ) {
        register(event.name) { request in
            request.answer { acknowledge in
                let answer = try handler(TypedRequest(socket: request.socket, payload: try request.payload()))
                acknowledge?(JSONEncoded(answer))
            }
        }
    }

    /// Handles an event without an answer; an acknowledgement that is asked for carries nothing.
    public func on<Payload: Decodable>(
        _ event: Event<Payload, Void>, _ handler: @escaping (TypedRequest<Payload>) throws -> Void
    ) {
        register(event.name) { request in
            request.answer { acknowledge in
                try handler(TypedRequest(socket: request.socket, payload: try request.payload()))
                acknowledge?()
            }
        }
    }

    /// Handles an event without a payload.
    public func on<Answer: Encodable>(_ event: Event<Void, Answer>, _ handler: @escaping (TypedRequest<Void>) throws -> Answer) {
        register(event.name) { request in
            request.answer { acknowledge in
                let answer = try handler(TypedRequest(socket: request.socket, payload: ()))
                acknowledge?(JSONEncoded(answer))
            }
        }
    }

    /// Handles an event with neither payload nor answer.
    public func on(_ event: Event<Void, Void>, _ handler: @escaping (TypedRequest<Void>) throws -> Void) {
        register(event.name) { request in
            request.answer { acknowledge in
                try handler(TypedRequest(socket: request.socket, payload: ()))
                acknowledge?()
            }
        }
    }

    // MARK: In a task

    /// Handles an event that has to wait for something. Later events of this socket wait behind it, in order, unless it is concurrent.
    public func on<Payload: Decodable & Sendable, Answer: Encodable>(
        _ event: Event<Payload, Answer>, concurrently: Bool = false,
        perform: @escaping @Sendable (AsyncTypedRequest<Payload>) async throws -> Answer
    ) {
        let logger = connection.shard.logger
        on(event.name, concurrently: concurrently) { request in
            await request.answer(logger) { acknowledge in
                let answer = try await perform(AsyncTypedRequest(socket: request.socket, payload: try request.payload()))
                acknowledge?(JSONEncoded(answer))
            }
        }
    }

    /// Handles an event without an answer that has to wait for something.
    public func on<Payload: Decodable & Sendable>(
        _ event: Event<Payload, Void>, concurrently: Bool = false,
        perform: @escaping @Sendable (AsyncTypedRequest<Payload>) async throws -> Void
    ) {
        let logger = connection.shard.logger
        on(event.name, concurrently: concurrently) { request in
            await request.answer(logger) { acknowledge in
                try await perform(AsyncTypedRequest(socket: request.socket, payload: try request.payload()))
                acknowledge?()
            }
        }
    }
}

extension EventRequest {
    fileprivate func payload<Payload: Decodable>() throws -> Payload { try arguments.payload() }

    /// Runs a handler; an error becomes the acknowledgement.
    fileprivate func answer(_ body: (Acknowledgement?) throws -> Void) {
        let acknowledge = acknowledge
        do { try body(acknowledge) } catch {
            let refusal = SocketIOError(answering: error, to: name, socket.connection.shard.logger)
            acknowledge?(refusal)
        }
    }
}

extension AsyncEventRequest {
    fileprivate func payload<Payload: Decodable>() throws -> Payload { try arguments.payload() }

    /// Runs a handler; an error becomes the acknowledgement.
    fileprivate func answer(_ logger: Logger, _ body: (Acknowledgement?) async throws -> Void) async {
        do { try await body(acknowledge) } catch {
            let refusal = SocketIOError(answering: error, to: name, logger)
            acknowledge?(refusal)
        }
    }
}

extension Arguments {
    fileprivate func payload<Payload: Decodable>() throws -> Payload {
        do { return try decode() } catch { throw SocketIOError.invalidPayload }
    }
}

extension SocketIOError {
    /// The client's error for an error of a handler.
    init(answering error: any Error, to event: String, _ logger: Logger) {
        guard let told = error as? SocketIOError else {
            // The event's name may be logged: it has a handler, so it is the application's own.
            logger.error("a handler failed", metadata: ["event": "\(event)", "error": "\(error)"])
            self = .internalError
            return
        }
        self = told
    }
}
