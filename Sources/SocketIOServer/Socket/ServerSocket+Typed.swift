import Logging
public import SocketIOCore

/// Handlers of events whose payload and acknowledgement have types.
extension ServerSocket {
    /// Handles an event whose payload and acknowledgement have types. A payload that does not fit, and an error that the handler throws,
    /// are answered with `{"error": …}` when an acknowledgement is asked for.
    public func on<Payload: Decodable, Answer: Encodable>(
        _ event: Event<Payload, Answer>, _ handler: @escaping (Payload) throws -> Answer
    ) {
        register(event.name) { request in
            do {
                let answer = try handler(request.arguments.first.decode(Payload.self))
                request.acknowledge?(JSONEncoded(answer))
            } catch {
                request.socket.connection.shard.logger.debug("a typed handler failed", metadata: ["event": "\(event.name)"])
                request.acknowledge?(JSONObject { $0.field("error", String(describing: error)) })
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
