import Classroom
import JSONCore
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// What other nodes say. Anybody who reaches the link can say something: what is no message is counted and ignored.
extension NodeExchange {
    /// One message after another, in their order.
    func receive(_ bytes: ByteBuffer) {
        guard let host else { return }
        let message: NodeMessage
        do { message = try NodeMessage(bytes) } catch { return refuse("a message of another server cannot be read") }
        guard message.from != node else { return }
        let now = clock.now
        let isTaken = state.withLockedValue { state in
            guard state.heard[message.from] != nil || state.heard.count < Self.maximumNodes else { return false }
            state.heard[message.from] = now
            return true
        }
        guard isTaken else { return refuse("too many other servers") }
        switch message.body {
        case .request(let request): serve(request, of: message, host)
        case .answer(let answer): receive(answer, from: message.from)
        case .left(let left):
            guard let session = host.registry.loaded(left.sessionID) else { return }
            Task { await session.socketLeft(left.socketID, left.userID, sequence: message.sequence) }
        case .seats(let report):
            guard let session = host.registry.loaded(report.sessionID) else {
                return send(.unknown(sessionIDs: [report.sessionID]), to: message.from)
            }
            Task {
                let refused = await session.take(report, of: message.from)
                if !refused.isEmpty { send(.seatsRefused(refused), to: message.from) }
            }
        case .seatsRefused(let sockets):
            state.withLockedValue { state in
                for left in sockets where state.places[left.sessionID]?.node == message.from {
                    state.seats.remove(left.socketID, of: left.userID, from: left.sessionID)
                }
            }
        case .seatsWanted(let ids): for id in ids where host.registry.loaded(id) == nil { report(id, to: message.from) }
        case .owner(let id, let epoch, let tellsAll): receive(ownerOf: id, epoch, from: message.from, tellsAll: tellsAll, host)
        case .over(let id):
            state.withLockedValue { state in
                guard let place = state.places[id], place.node == message.from else { return }
                state.seats.drop(id)
                state.places.forget(id)
            }
        case .beat(let counts): receive(counts, of: message.from, host)
        case .unknown(let ids):
            for id in ids {
                let mustSettle = state.withLockedValue { $0.isDisowned(id, by: message.from) }
                if mustSettle { settle(id) }
            }
        case .broadcast(let broadcast): deliver(broadcast)
        }
    }

    // MARK: Requests

    private func serve(_ request: ForwardedRequest, of message: NodeMessage, _ host: Host) {
        let answer: @Sendable (ForwardedAnswer.Result) -> Void = { [self] result in
            send(.answer(ForwardedAnswer(id: request.id, result: result)), to: message.from)
        }
        // Another node goes on with the sessions of one that shuts down.
        guard host.begin() else { return answer(.moved) }
        let isTaken = state.withLockedValue { state in
            guard state.inWork < configuration.forwarding.maximumInWork else { return false }
            state.inWork += 1
            state.statistics.carriedOut += 1
            return true
        }
        guard isTaken else {
            host.end()
            return answer(.init(Self.overloaded))
        }
        let isAnswered = NIOLockedValueBox(false)
        let answerOnce: @Sendable (ForwardedAnswer.Result) -> Void = { result in
            let isFirst = isAnswered.withLockedValue { isAnswered in
                defer { isAnswered = true }
                return !isAnswered
            }
            if isFirst { answer(result) }
        }
        // By a clock that is wrong nobody gains more time than a request may be under way.
        let now = clock.now
        let receivedAt = min(now, max(request.receivedAt, now - Int64(configuration.forwardTimeoutMs)))
        let context = CallContext(
            socket: request.socketID.map {
                SessionSocket(id: $0, node: message.from, sequence: message.sequence, isKnownPlayer: request.isPlayer)
            },
            receivedAt: receivedAt, device: request.device
        ) { reply in
            // From within the session: what it sends after this comes behind it.
            answerOnce(.init(SessionAnswer.reply(reply)))
        }
        let user = User(id: request.userID, username: request.username, role: request.role)
        Task {
            do {
                answerOnce(.init(try await host.carryOut(request.action, request.sessionID, user, context)))
            } catch let error as ClassroomError {
                answerOnce(.init(error))
            } catch is SessionElsewhere {
                answerOnce(.moved)
            } catch {
                logger.error("a request of another server failed", metadata: ["error.type": "\(type(of: error))"])
                answerOnce(.init(ClassroomError(.internalError, "Internal error")))
            }
            state.withLockedValue { $0.inWork -= 1 }
            host.end()
        }
    }

    private func receive(_ answer: ForwardedAnswer, from node: String) {
        do {
            guard let result = try answer.result.answer() else { return finish(answer.id, by: node, .moved) }
            finish(answer.id, by: node, .answered(result))
        } catch {
            refuse("an answer of another server cannot be read")
        }
    }

    // MARK: Places and seats

    private func receive(ownerOf id: String, _ epoch: Int, from node: String, tellsAll: Bool, _ host: Host) {
        guard host.registry.loaded(id) == nil else { return }
        let isNews = located(id, at: SessionPlace(node: node, epoch: epoch))
        let hasSeats = state.withLockedValue { $0.places[id]?.node == node && $0.seats.count(in: id) > 0 }
        if hasSeats, isNews || tellsAll { report(id, to: node, tellsAll: tellsAll) }
    }

    private func receive(_ counts: [String: Int], of node: String, _ host: Host) {
        let sessions = counts.map { (id: $0.key, count: $0.value, session: host.registry.loaded($0.key)) }
        let unknown = sessions.filter { $0.session == nil }.map(\.id)
        if !unknown.isEmpty { send(.unknown(sessionIDs: unknown), to: node) }
        Task {
            var wanted: [String] = []
            for (id, count, session) in sessions {
                if let session, await !session.agrees(with: node, on: count) { wanted.append(id) }
            }
            if !wanted.isEmpty { send(.seatsWanted(sessionIDs: wanted), to: node) }
        }
    }

    /// Counted, and logged every ten seconds at most.
    func refuse(_ reason: String) {
        let now = clock.now
        let isDue = state.withLockedValue { state in
            state.statistics.refused += 1
            guard state.nextLine <= now else { return false }
            state.nextLine = now + 10_000
            return true
        }
        if isDue { logger.warning("\(reason)") }
    }

    /// Nodes that are heard.
    private static let maximumNodes = 1_000
}
