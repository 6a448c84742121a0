import Logging
public import SocketIOCore

/// Handlers of events whose payload and acknowledgement have types.
extension ServerSocket {
    /// Handles an event whose payload and acknowledgement have types.
    ///
    /// A payload that does not fit is answered with ``SocketIOError/invalidPayload``, a ``SocketIOError`` that the handler throws with itself,
    /// any other error with ``SocketIOError/internalError``: the client never reads the text of a Swift error.
    public func on<Payload: Decodable, Answer: Encodable>(
        _ event: Event<Payload, Answer>, _ handler: @escaping (Payload) throws -> Answer
    ) {
        register(event.name) { request in
            guard let payload = try? request.arguments.first.decode(Payload.self) else {
                request.acknowledge?(SocketIOError.invalidPayload)
                return
            }
            do {
                request.acknowledge?(JSONEncoded(try handler(payload)))
            } catch let error as SocketIOError {
                request.acknowledge?(error)
            } catch {
                request.socket.connection.shard.logger.error(
                    "a typed handler failed", metadata: ["event": "\(event.name)", "error": "\(error)"])
                request.acknowledge?(SocketIOError.internalError)
            }
        }
    }

    /// Handles an event without an answer whose payload has a type. A payload that does not fit is ignored and logged.
    public func on<Payload: Decodable>(_ event: Event<Payload, Void>, _ handler: @escaping (Payload) -> Void) {
        register(event.name) { request in
            do {
                handler(try request.arguments.first.decode(Payload.self))
            } catch {
                request.socket.connection.shard.logger.debug("a payload does not fit", metadata: ["event": "\(event.name)"])
            }
        }
    }
}
