import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import SocketIOCore

/// Not all clients have acknowledged an event in time.
public struct MissingAcknowledgements: Error, Sendable {
    /// The acknowledgements that came, in the order of arrival.
    public let answers: [BroadcastAnswer]
    /// The number of missing ones. Nil if a server of the cluster has not reported how many clients it asked.
    public let missing: Int?
}

/// Collects the acknowledgements of a broadcast from all servers. A value that makes no calls.
struct BroadcastAnswers {
    let servers: Int
    private(set) var answers: [BroadcastAnswer] = []
    private var clients = 0
    private var countedServers = 0

    init(servers: Int) { self.servers = servers }

    /// Everybody who was asked has answered.
    var isComplete: Bool { countedServers >= servers && answers.count >= clients }

    /// Nil if a server has not reported its number of clients.
    var missing: Int? { countedServers >= servers ? max(clients - answers.count, 0) : nil }

    mutating func count(_ clients: Int) {
        // Another server may say anything.
        let (sum, isTooLarge) = self.clients.addingReportingOverflow(max(0, clients))
        self.clients = isTooLarge ? .max : sum
        countedServers += 1
    }

    mutating func add(_ answer: BroadcastAnswer) { answers.append(answer) }
}

extension BroadcastOperator {
    /// Sends an event to all who were chosen and waits for their acknowledgements, for as long as ``timeout(_:)`` says, or five seconds.
    ///
    /// - Returns: the first argument of each acknowledgement, in the order of arrival.
    /// - Throws: ``MissingAcknowledgements`` with those that came, what the adapter throws, or `CancellationError`.
    public func emitWithAck(_ event: String, _ arguments: any JSONWritable...) async throws -> [BroadcastAnswer] {
        try await emitWithAck(EventPacket(event, arguments))
    }

    func emitWithAck(_ packet: EventPacket) async throws -> [BroadcastAnswer] {
        guard !isNobody else { return [] }
        let timeout = options.flags.timeout ?? InMemoryAdapter.acknowledgementTimeout
        let servers = options.flags.isLocal ? 1 : try await adapter.serverCount()
        let state = NIOLockedValueBox(BroadcastAnswers(servers: servers))
        let result = FirstResult<[BroadcastAnswer]>()
        let change: @Sendable ((inout BroadcastAnswers) -> Void) -> Void = { body in
            let complete = state.withLockedValue { answers -> [BroadcastAnswer]? in
                body(&answers)
                return answers.isComplete ? answers.answers : nil
            }
            if let complete { result.resume(with: .success(complete)) }
        }
        let timer = adapter.local.timerLoop.scheduleTask(in: TimeAmount(timeout)) {
            let late = state.withLockedValue { $0 }
            result.resume(with: .failure(MissingAcknowledgements(answers: late.answers, missing: late.missing)))
        }
        defer { timer.cancel() }
        return try await result.value {
            adapter.broadcastWithAck(packet, to: options) { clients in
                change { $0.count(clients) }
            } acknowledgement: { answer in
                change { $0.add(answer) }
            }
        }
    }
}

/// The first of several results, for the task that awaits it; its cancellation is one of them.
///
/// The result stays under the lock, and the continuation carries nothing. Of a continuation that is resumed before its task waits, Swift's
/// runtime does not tell the thread sanitizer that the one happens before the other; of a lock the sanitizer knows it.
final class FirstResult<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Void, Never>)
        case set(Result<Value, any Error>)
        case taken
    }

    private let state = NIOLockedValueBox(State.empty)

    /// Starts an operation and waits for its result. Called once.
    func value(_ start: () -> Void) async throws -> Value {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isWaiting = state.withLockedValue { state -> Bool in
                    guard case .empty = state else { return false }
                    state = .awaited(continuation)
                    return true
                }
                guard isWaiting else { return continuation.resume() }
                start()
            }
        } onCancel: {
            resume(with: .failure(CancellationError()))
        }
        return try take()
    }

    func resume(with result: Result<Value, any Error>) {
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
    private func take() throws -> Value {
        let result = state.withLockedValue { state -> Result<Value, any Error>? in
            guard case .set(let result) = state else { return nil }
            state = .taken
            return result
        }
        guard let result else { throw CancellationError() }
        return try result.get()
    }
}
