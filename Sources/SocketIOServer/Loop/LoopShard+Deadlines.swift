import EngineIOCore
import HeapModule
import NIOCore

/// One timer for all deadlines of a loop's connections.
extension LoopShard {
    func arm(_ kind: DeadlineKind, _ connection: EngineConnection) {
        // Two are checked for one that is set, so that deadlines of closed connections neither accumulate nor wake the loop.
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

    /// The time for the answer to a ping begins when the ping was due. So a silent client is closed an interval and a time-out after its
    /// last sign of life, without a timer's delay. If the loop was late with the ping, the time begins now.
    func armPong(_ connection: EngineConnection, pingDue deadline: NIODeadline) {
        let now = loop.now
        append(.pong, connection, from: Duration(now - deadline) <= HeartbeatGrace.usualDelay ? deadline : now)
    }

    /// Carries out due deadlines before a request is answered that the loop read before its timer.
    func settleDeadlines() {
        if timerDeadline <= loop.now { deadlinesDue() }
    }

    /// Whether a deadline still counts for its connection.
    private func counts(_ entry: DeadlineQueue.Entry, _ kind: DeadlineKind) -> Bool {
        connections[entry.slot].map { $0.token(for: kind) == entry.token } ?? false
    }

    /// Sets the deadline for a connection's first request. Release the slot when the request has come.
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

    /// Has the socket check its acknowledgements at that time.
    func armAcknowledgement(_ deadline: NIODeadline, _ connection: EngineConnection) {
        acknowledgementDeadlines.insert(AcknowledgementDeadline(deadline: deadline, slot: connection.slot))
        schedule(deadline)
    }

    private func schedule(_ deadline: NIODeadline) {
        guard deadline < timerDeadline, !hasEnded else { return }
        timer?.cancel()
        timerDeadline = deadline
        // `assumeIsolated()` stops the process off the loop: a shard is used on its own loop only.
        timer = loop.assumeIsolated().scheduleTask(deadline: deadline) { self.deadlinesDue() }
    }

    private func deadlinesDue() {
        let now = loop.now
        let lateness = max(now - timerDeadline, .zero)
        for kind in DeadlineKind.allCases {
            while let entry = deadlines[kind.rawValue].popDue(now: now) {
                if counts(entry, kind) { connections[entry.slot]?.deadlineDue(kind, at: entry.deadline, lateness: lateness) }
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

    /// The server ends. Connections without a request keep their deadline, now with a timer of their own.
    func keepOpenings() {
        while let entry = openingDeadlines.first {
            openingDeadlines.dropFirst()
            guard let opening = openings[entry.slot] else { continue }
            openings.remove(entry.slot)
            // As in `schedule(_:)`.
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

/// The time when a socket's acknowledgement is overdue. Unlike the other deadlines, these are set any time ahead.
struct AcknowledgementDeadline: Comparable {
    let deadline: NIODeadline
    let slot: ConnectionSlot

    static func == (left: Self, right: Self) -> Bool { left.deadline == right.deadline }
    static func < (left: Self, right: Self) -> Bool { left.deadline < right.deadline }
}
