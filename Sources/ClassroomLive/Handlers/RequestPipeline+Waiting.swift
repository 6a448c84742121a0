import Classroom
import Logging
import NIOCore
import SocketIOServer

extension RequestPipeline {
    /// Runs `operation` off the loop, and `then` with its result on the loop, even if the socket has gone meanwhile.
    func wait<Value: Sendable>(
        _ connection: ClientState, for operation: @escaping @Sendable () async throws -> Value,
        then: @escaping (Result<Value, ClassroomError>) -> Void
    ) {
        let loop = connection.eventLoop
        let bound = NIOLoopBound(then, eventLoop: loop)
        Task {
            let result: Result<Value, ClassroomError>
            do {
                result = .success(try await operation())
            } catch {
                result = .failure(refusal(for: error))
            }
            loop.execute { bound.value(result) }
        }
    }

    /// Carries out the rest of a request off the loop. `operation` answers through the request's responder; an error that it throws is
    /// the answer otherwise.
    func perform(
        _ request: ClientRequest, _ connection: ClientState, _ operation: @escaping @Sendable () async throws -> Void
    ) -> RequestOutcome {
        perform(request, connection, operation) { _ in }
    }

    /// The same, with a result that changes the connection's state on the loop before the next request begins.
    func perform<Value: Sendable>(
        _ request: ClientRequest, _ connection: ClientState, _ operation: @escaping @Sendable () async throws -> Value,
        then: @escaping (Value) -> Void
    ) -> RequestOutcome {
        wait(connection, for: operation) { [self] result in
            switch result {
            case .success(let value): then(value)
            case .failure(let error): request.responder.fail(error)
            }
            finish(request, connection)
        }
        return .pending
    }

    /// The error as the client sees it.
    func refusal(for error: any Error) -> ClassroomError {
        switch error {
        case let error as ClassroomError: return error
        case is CancellationError: return ClassroomError(.unavailable, "The server is shutting down")
        default:
            // The type alone: an error's text may hold what was asked for.
            logger.error("a request failed", metadata: ["error.type": "\(type(of: error))"])
            return ClassroomError(.internalError, "Internal error")
        }
    }
}

extension RequestPipeline {
    /// Refuses an event that has one of this server's prefixes and no handler. Events with other names may belong to the application.
    func refuseUnknown(_ incoming: EventRequest, _ name: String) {
        counters.requests.count()
        refuse(incoming, name, ClassroomError(.notFound, "Unknown event"))
    }

    /// Refuses a request of which only the event's name is read. The sender gets at most 64 bytes of that name back.
    func refuse(_ incoming: EventRequest, _ name: String, _ error: ClassroomError) {
        let responder = Responder(
            event: String(decoding: name.utf8.prefix(64), as: UTF8.self), socket: incoming.socket.reference,
            acknowledge: incoming.acknowledge, sentAt: nil, counters: counters)
        responder.fail(error)
    }
}
