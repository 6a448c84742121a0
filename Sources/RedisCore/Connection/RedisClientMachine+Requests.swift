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
        if let error = refusal(of: commands) { return [.fail(id, error)] }
        let byteCount = commands.reduce(0) { $0 + $1.byteCount }
        let limits = configuration.limits
        guard queuedCommands + commands.count <= limits.maximumQueuedCommands,
            queuedBytes + byteCount <= limits.maximumQueuedBytes
        else {
            let why = phase == .ready ? "Redis is slow" : "Redis is away: \(lastFailure?.code.description ?? "no connection yet")"
            return [.fail(id, RedisError(.queueFull, why))]
        }
        let deadline = now + (timeout ?? configuration.timeouts.command)
        queue.append(Request(id: id, commands: commands, byteCount: byteCount, deadline: deadline))
        queuedCommands += commands.count
        queuedBytes += byteCount
        earliestDeadline = min(earliestDeadline ?? deadline, deadline)
        return phase == .ready ? [.flush] : []
    }

    /// Commands that change what the connection is belong to the client alone.
    private func refusal(of commands: [RedisCommand]) -> RedisError? {
        if phase == .closed { return RedisError(.closed) }
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
        if let index = queue.firstIndex(where: { $0.id == id }) {
            removeFromQueue(at: index)
            return [.fail(id, RedisError(.cancelled))]
        }
        let flight = inFlight.firstIndex { $0.kind == .request(id, isAbandoned: false) }
        guard let flight else { return [] }
        inFlight[flight].kind = .request(id, isAbandoned: true)
        return [.fail(id, RedisError(.cancelled, mayHaveBeenExecuted: true))]
    }

    mutating func removeFromQueue(at index: Int) {
        let request = queue.remove(at: index)
        queuedCommands -= request.commands.count
        queuedBytes -= request.byteCount
    }

    /// Bytes to be written now, with one write; nil: none. To be called when told to flush, best at the end of the loop's turn, so that
    /// what was submitted in it shares the write.
    public mutating func takeOutgoing() -> ByteBuffer? {
        var bytes = control
        control = ByteBuffer()
        inFlight.append(contentsOf: controlFlights)
        controlFlights.removeAll(keepingCapacity: true)
        if phase == .ready {
            while let request = queue.first, fits(request) {
                removeFromQueue(at: queue.startIndex)
                for command in request.commands { bytes.writeRESP(command) }
                commandsInFlight += request.commands.count
                bytesInFlight += request.byteCount
                inFlight.append(
                    Flight(
                        kind: .request(request.id, isAbandoned: false), missing: request.commands.count, byteCount: request.byteCount,
                        deadline: request.deadline))
            }
        }
        return bytes.readableBytes > 0 ? bytes : nil
    }

    private func fits(_ request: Request) -> Bool {
        if commandsInFlight == 0 { return true }
        return commandsInFlight + request.commands.count <= configuration.limits.maximumCommandsInFlight
            && bytesInFlight + request.byteCount <= configuration.limits.maximumBytesInFlight
    }

    // MARK: Replies

    /// Takes one value that Redis sent.
    public mutating func received(_ value: RESPValue, at now: Duration) -> Received {
        lastHeard = now
        switch phase {
        case .greeting, .ready: break
        case .idle, .connecting, .waiting, .closed: return .nothing
        }
        if case .push(let elements) = value { return receivedPush(elements) }
        guard var head = inFlight.first else { return violation("a reply to nothing") }
        switch head.kind {
        case .greeting:
            inFlight.removeFirst()
            return greeted(value, at: now)
        case .ping:
            inFlight.removeFirst()
            return .nothing
        case .subscribe(let names, let serial):
            guard case .error(let reply) = value else { return violation("a reply to a subscription") }
            inFlight.removeFirst()
            return .actions(refused(names, serial: serial, reply, at: now))
        case .unsubscribe:
            inFlight.removeFirst()
            return .nothing
        case .request(let id, let isAbandoned):
            head.missing -= 1
            if head.missing > 0 {
                inFlight[inFlight.startIndex].missing = head.missing
            } else {
                inFlight.removeFirst()
                bytesInFlight -= head.byteCount
            }
            commandsInFlight -= 1
            return isAbandoned ? .nothing : .reply(id, value, isLast: head.missing == 0)
        }
    }

    /// Commands wait that may go out, because others were answered.
    public var canSendMore: Bool {
        guard phase == .ready, let request = queue.first else { return false }
        return fits(request)
    }

    private static func detail(of reply: RESPErrorReply) -> String {
        let isOld = reply.message.utf8.starts(with: "ERR unknown command".utf8)
        return isOld ? "it does not know HELLO: Redis 6 or newer is needed" : reply.kind
    }

    private mutating func greeted(_ value: RESPValue, at now: Duration) -> Received {
        guard case .greeting(let missing, let deadline) = phase else { return violation("a second greeting") }
        if case .error(let reply) = value {
            // A server that still loads its data will be there soon; anything else needs somebody's hand, and is tried again all the same.
            let code: RedisError.Code = reply.kind == "LOADING" ? .connectionFailed : .refused
            return .actions([.disconnect(RedisError(code, Self.detail(of: reply), reply: reply))])
        }
        guard missing == 1 else {
            phase = .greeting(missing: missing - 1, deadline: deadline)
            return .nothing
        }
        phase = .ready
        attempt = 0
        lastFailure = nil
        connections += 1
        subscribeAgain(at: now)
        return .actions([.flush])
    }

    func violation(_ what: String) -> Received {
        .actions([.disconnect(RedisError(.protocolViolation, what))])
    }
}
