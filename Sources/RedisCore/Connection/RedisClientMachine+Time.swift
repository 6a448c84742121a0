import DequeModule

extension RedisClientMachine {
    /// When ``tick(at:)`` has to be called next; nil: nothing waits for a time.
    public var nextDeadline: Duration? {
        let ofPhase: Duration? =
            switch phase {
            case .idle, .closed: nil
            case .connecting(let deadline), .greeting(_, let deadline): deadline
            case .waiting(let time): time
            case .ready: pingDeadline
            }
        guard let ofPhase else { return earliestDeadline }
        return min(ofPhase, earliestDeadline ?? ofPhase)
    }

    /// While something is in flight its own deadline guards the connection.
    private var pingDeadline: Duration? {
        guard let head = inFlight.first else { return lastHeard + configuration.timeouts.silence }
        if case .request = head.kind { return nil }
        return head.deadline
    }

    /// Time has passed: connects again, pings, and fails what is late.
    ///
    /// Replies come in the order of the commands. So when the oldest command is late, all behind it will be: the connection is given up.
    public mutating func tick(at now: Duration) -> [Action] {
        var actions = failLateRequests(at: now)
        switch phase {
        case .idle, .closed: break
        case .waiting(let time):
            if time <= now { actions += connect(at: now) }
        case .connecting(let deadline), .greeting(_, let deadline):
            if deadline <= now { actions.append(.disconnect(RedisError(.timedOut, "connecting"))) }
        case .ready:
            if let head = inFlight.first {
                if let deadline = head.deadline, deadline <= now { actions.append(.disconnect(RedisError(.timedOut, "no reply"))) }
            } else if lastHeard + configuration.timeouts.silence <= now, controlFlights.isEmpty {
                control.writeRESP(RedisCommand("PING"))
                controlFlights.append(Flight(kind: .ping, missing: 1, deadline: now + configuration.timeouts.ping))
                actions.append(.flush)
            }
        }
        return actions
    }

    private mutating func failLateRequests(at now: Duration) -> [Action] {
        guard let earliest = earliestDeadline, earliest <= now else { return [] }
        var actions: [Action] = []
        var next: Duration?
        for index in inFlight.indices {
            guard case .request(let id, isAbandoned: false) = inFlight[index].kind, let deadline = inFlight[index].deadline else {
                continue
            }
            if deadline <= now {
                inFlight[index].kind = .request(id, isAbandoned: true)
                actions.append(.fail(id, RedisError(.timedOut, "no reply", mayHaveBeenExecuted: true)))
            } else {
                next = min(next ?? deadline, deadline)
            }
        }
        let why = phase == .ready ? "waiting for its turn" : lastFailure?.code.description ?? "no connection yet"
        for request in queue where request.deadline <= now {
            actions.append(.fail(request.id, RedisError(.timedOut, why)))
        }
        queue.removeAll { $0.deadline <= now }
        queuedCommands = queue.reduce(0) { $0 + $1.commands.count }
        queuedBytes = queue.reduce(0) { $0 + $1.byteCount }
        earliestDeadline = queue.reduce(next) { min($0 ?? $1.deadline, $1.deadline) }
        return actions
    }
}
