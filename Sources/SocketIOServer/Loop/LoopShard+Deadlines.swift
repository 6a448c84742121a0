import HeapModule
import NIOCore

/// One timer for all deadlines of a loop's connections.
extension LoopShard {
    func arm(_ kind: DeadlineKind, _ connection: EngineConnection) {
        // Two out for one in: those of connections that have gone do not pile up, nor wake the loop.
        for _ in 0..<2 {
            guard let first = deadlines[kind.rawValue].first, !counts(first, kind) else { break }
            deadlines[kind.rawValue].dropFirst()
        }
        append(kind, connection, from: loop.now)
    }

    private func append(_ kind: DeadlineKind, _ connection: EngineConnection, from start: NIODeadline) {
        deadlines[kind.rawValue].append(connection.slot, token: connection.token(for: kind), now: start)
        if let next = deadlines[kind.rawValue].next { schedule(next) }
    }

    /// Waits for the answer to a ping from when the ping was due, so that a client that is silent is closed an interval and a time-out after
    /// its last sign of life, and not a timer's delay later. A ping that this loop could not send in time counts from now.
    func armPong(_ connection: EngineConnection, pingDue deadline: NIODeadline) {
        let now = loop.now
        append(.pong, connection, from: now - deadline <= LoopShard.usualDelay ? deadline : now)
    }

    private static let usualDelay = TimeAmount.milliseconds(100)

    /// Carries out the deadlines that have come, before a request is answered that the loop has read ahead of its timer.
    func settleDeadlines() {
        if timerDeadline <= loop.now { deadlinesDue() }
    }

    /// Whether a deadline is still one of its connection.
    private func counts(_ entry: DeadlineQueue.Entry, _ kind: DeadlineKind) -> Bool {
        connections[entry.slot].map { $0.token(for: kind) == entry.token } ?? false
    }

    /// A connection has its time for its first request. Give the slot back when that has come.
    func awaitRequest(of opening: OpeningHandler, now: NIODeadline) -> ConnectionSlot {
        let slot = openings.reserve()
        openings.insert(opening, at: slot)
        for _ in 0..<2 {
            guard let first = openingDeadlines.first, openings[first.slot] == nil else { break }
            openingDeadlines.dropFirst()
        }
        openingDeadlines.append(slot, token: 0, now: now)
        if let next = openingDeadlines.next { schedule(next) }
        return slot
    }

    /// Has the socket look at its acknowledgements then.
    func armAcknowledgement(_ deadline: NIODeadline, _ connection: EngineConnection) {
        acknowledgementDeadlines.insert(AcknowledgementDeadline(deadline: deadline, slot: connection.slot))
        schedule(deadline)
    }

    private func schedule(_ deadline: NIODeadline) {
        guard deadline < timerDeadline, !hasEnded else { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = loop.assumeIsolated().scheduleTask(deadline: deadline) { self.deadlinesDue() }
    }

    private func deadlinesDue() {
        let now = loop.now
        for kind in DeadlineKind.allCases {
            while let entry = deadlines[kind.rawValue].popDue(now: now) {
                if counts(entry, kind) { connections[entry.slot]?.deadlineDue(kind, at: entry.deadline) }
            }
        }
        while let entry = openingDeadlines.popDue(now: now) {
            guard let opening = openings[entry.slot] else { continue }
            openings.remove(entry.slot)
            opening.overdue()
        }
        while let next = acknowledgementDeadlines.min, next.deadline <= now {
            acknowledgementDeadlines.removeMin()
            connections[next.slot]?.sockets.acknowledgementsDue(now: now)
        }
        timerDeadline = .distantFuture
        for queue in deadlines { if let next = queue.next { schedule(next) } }
        if let next = openingDeadlines.next { schedule(next) }
        if let next = acknowledgementDeadlines.min?.deadline { schedule(next) }
    }

    /// The server ends. Connections that have asked nothing still have their time, and each a timer of its own.
    func keepOpenings() {
        while let entry = openingDeadlines.first {
            openingDeadlines.dropFirst()
            guard let opening = openings[entry.slot] else { continue }
            openings.remove(entry.slot)
            loop.assumeIsolated().scheduleTask(deadline: entry.deadline) { [weak opening] in opening?.overdue() }
        }
    }

    /// At the end of the server: nothing may keep the loop busy.
    func cancelTimers() {
        timer?.cancel()
        timer = nil
        timerDeadline = .distantFuture
    }
}

/// What a connection waits for.
enum DeadlineKind: Int, CaseIterable {
    /// The next ping is to be sent.
    case ping
    /// The answer to the last ping.
    case pong
    /// The first namespace is joined.
    case connect
    /// A WebSocket has taken over from polling.
    case upgrade
    /// The last GET of a closed polling session.
    case pollingClose
    /// The end of a fragmented message.
    case message
    /// The last attachment of a binary packet.
    case attachments
    /// A GET that fetches what waits for a polling client.
    case fetch

    /// How far ahead such a deadline is set.
    func time(in configuration: SocketIOConfiguration) -> Duration {
        switch self {
        case .ping: configuration.pingInterval
        case .pong: configuration.pingTimeout
        case .connect: configuration.connectTimeout
        case .upgrade: configuration.upgradeTimeout
        case .pollingClose: configuration.pollingCloseTimeout
        case .message, .attachments: configuration.messageTimeout
        case .fetch: configuration.responseStallTimeout
        }
    }
}

/// When a connection's socket has an acknowledgement that is overdue. Unlike the others these lie any time ahead.
struct AcknowledgementDeadline: Comparable {
    let deadline: NIODeadline
    let slot: ConnectionSlot

    static func == (left: Self, right: Self) -> Bool { left.deadline == right.deadline }
    static func < (left: Self, right: Self) -> Bool { left.deadline < right.deadline }
}
