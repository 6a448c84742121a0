import DequeModule
public import NIOCore

extension RedisClientMachine {
    /// Takes a request: one command, or several that go out together, such as a transaction.
    ///
    /// - Parameters:
    ///   - id: not that of another request.
    ///   - timeout: nil: the configuration's. A command that blocks brings a longer one.
    /// - Returns: `[.flush]` if it can be sent, `[.fail]` if it is refused, else nothing.
    public mutating func submit(
        _ commands: [RedisCommand], id: RequestID, timeout: Duration? = nil, at now: Duration
    ) -> [Action] {
        if let error = self.refusal(of: commands) { return [.fail(id, error)] }
        let byteCount = commands.reduce(0) { $0 + $1.byteCount }
        let limits = self.configuration.limits
        guard self.queuedCommands + commands.count <= limits.maximumQueuedCommands,
            self.queuedBytes + byteCount <= limits.maximumQueuedBytes
        else {
            let why = self.phase == .ready ? "Redis is slow" : "Redis is away: \(self.lastFailure?.code.description ?? "no connection yet")"
            return [.fail(id, RedisError(.queueFull, why))]
        }
        let deadline = now + (timeout ?? self.configuration.timeouts.command)
        self.queue.append(Request(id: id, commands: commands, byteCount: byteCount, deadline: deadline))
        self.queuedCommands += commands.count
        self.queuedBytes += byteCount
        self.earliestDeadline = min(self.earliestDeadline ?? deadline, deadline)
        return self.phase == .ready ? [.flush] : []
    }

    /// Commands that change what the connection is belong to the client alone.
    private func refusal(of commands: [RedisCommand]) -> RedisError? {
        if self.phase == .closed { return RedisError(.closed) }
        if commands.isEmpty { return RedisError(.invalidCommand, "no command") }
        for command in commands {
            switch command.name.uppercased() {
            case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "HELLO", "AUTH", "SELECT",
                "RESET", "QUIT", "MONITOR":
                return RedisError(.invalidCommand, "\(command.name.uppercased()) is the client's own")
            default: continue
            }
        }
        return nil
    }

    /// Gives a request up. Its reply, if Redis still sends one, is dropped.
    public mutating func cancel(_ id: RequestID) -> [Action] {
        if let index = self.queue.firstIndex(where: { $0.id == id }) {
            self.removeFromQueue(at: index)
            return [.fail(id, RedisError(.cancelled))]
        }
        let flight = self.inFlight.firstIndex { $0.kind == .request(id, isAbandoned: false) }
        guard let flight else { return [] }
        self.inFlight[flight].kind = .request(id, isAbandoned: true)
        return [.fail(id, RedisError(.cancelled, mayHaveBeenExecuted: true))]
    }

    mutating func removeFromQueue(at index: Int) {
        let request = self.queue.remove(at: index)
        self.queuedCommands -= request.commands.count
        self.queuedBytes -= request.byteCount
    }

    /// Bytes to be written now, with one write; nil: none. To be called when told to flush, best at the end of the loop's turn, so that
    /// what was submitted in it shares the write.
    public mutating func takeOutgoing() -> ByteBuffer? {
        var bytes = self.control
        self.control = ByteBuffer()
        self.inFlight.append(contentsOf: self.controlFlights)
        self.controlFlights.removeAll(keepingCapacity: true)
        if self.phase == .ready {
            while let request = self.queue.first, self.fits(request) {
                self.removeFromQueue(at: self.queue.startIndex)
                for command in request.commands { bytes.writeRESP(command) }
                self.commandsInFlight += request.commands.count
                self.bytesInFlight += request.byteCount
                self.inFlight.append(
                    Flight(
                        kind: .request(request.id, isAbandoned: false), missing: request.commands.count, byteCount: request.byteCount,
                        deadline: request.deadline))
            }
        }
        return bytes.readableBytes > 0 ? bytes : nil
    }

    private func fits(_ request: Request) -> Bool {
        if self.commandsInFlight == 0 { return true }
        return self.commandsInFlight + request.commands.count <= self.configuration.limits.maximumCommandsInFlight
            && self.bytesInFlight + request.byteCount <= self.configuration.limits.maximumBytesInFlight
    }

    // MARK: Replies

    /// Takes one value that Redis sent.
    public mutating func received(_ value: RESPValue, at now: Duration) -> Received {
        self.lastHeard = now
        switch self.phase {
        case .greeting, .ready: break
        case .idle, .connecting, .waiting, .closed: return .nothing
        }
        if case .push(let elements) = value { return self.receivedPush(elements) }
        guard var head = self.inFlight.first else { return self.violation("a reply to nothing") }
        switch head.kind {
        case .greeting:
            self.inFlight.removeFirst()
            return self.greeted(value, at: now)
        case .ping:
            self.inFlight.removeFirst()
            return .nothing
        case .subscribe(let names, let serial):
            guard case .error(let reply) = value else { return self.violation("a reply to a subscription") }
            self.inFlight.removeFirst()
            return .actions(self.refused(names, serial: serial, reply, at: now))
        case .unsubscribe:
            self.inFlight.removeFirst()
            return .nothing
        case .request(let id, let isAbandoned):
            head.missing -= 1
            if head.missing > 0 {
                self.inFlight[self.inFlight.startIndex].missing = head.missing
            } else {
                self.inFlight.removeFirst()
                self.bytesInFlight -= head.byteCount
            }
            self.commandsInFlight -= 1
            return isAbandoned ? .nothing : .reply(id, value, isLast: head.missing == 0)
        }
    }

    /// Commands wait that may go out, because others were answered.
    public var canSendMore: Bool {
        guard self.phase == .ready, let request = self.queue.first else { return false }
        return self.fits(request)
    }

    private mutating func greeted(_ value: RESPValue, at now: Duration) -> Received {
        guard case .greeting(let missing, let deadline) = self.phase else { return self.violation("a second greeting") }
        if case .error(let reply) = value {
            // A server that still loads its data will be there soon; anything else needs somebody's hand, and is tried again all the same.
            return .actions([.disconnect(RedisError(reply.kind == "LOADING" ? .connectionFailed : .refused, reply.kind, reply: reply))])
        }
        guard missing == 1 else {
            self.phase = .greeting(missing: missing - 1, deadline: deadline)
            return .nothing
        }
        self.phase = .ready
        self.attempt = 0
        self.lastFailure = nil
        self.connections += 1
        self.subscribeAgain(at: now)
        return .actions([.flush])
    }

    func violation(_ what: String) -> Received {
        .actions([.disconnect(RedisError(.protocolViolation, what))])
    }
}
