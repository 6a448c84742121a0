import HeapModule
import NIOCore

/// One timer for all deadlines of a loop's connections.
extension LoopShard {
    func arm(_ kind: DeadlineKind, _ connection: EngineConnection) {
        let now = loop.now
        deadlines[kind]?.append(connection.slot, token: connection.token(for: kind), now: now)
        if let next = deadlines[kind]?.next { schedule(next) }
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
            while let entry = deadlines[kind]?.popDue(now: now) {
                guard let connection = connections[entry.slot], connection.token(for: kind) == entry.token else { continue }
                connection.deadlineDue(kind)
            }
        }
        while let next = acknowledgementDeadlines.min, next.deadline <= now {
            acknowledgementDeadlines.removeMin()
            connections[next.slot]?.sockets.acknowledgementsDue(now: now)
        }
        timerDeadline = .distantFuture
        let nexts = deadlines.values.compactMap(\.next) + [acknowledgementDeadlines.min?.deadline].compactMap(\.self)
        if let next = nexts.min() { schedule(next) }
    }

    /// At the end of the server: nothing may keep the loop busy.
    func cancelTimers() {
        timer?.cancel()
        timer = nil
        timerDeadline = .distantFuture
    }
}

/// What a connection waits for.
enum DeadlineKind: CaseIterable {
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
}

/// When a connection's socket has an acknowledgement that is overdue. Unlike the others these lie any time ahead.
struct AcknowledgementDeadline: Comparable {
    let deadline: NIODeadline
    let slot: ConnectionSlot

    static func == (left: Self, right: Self) -> Bool { left.deadline == right.deadline }
    static func < (left: Self, right: Self) -> Bool { left.deadline < right.deadline }
}
