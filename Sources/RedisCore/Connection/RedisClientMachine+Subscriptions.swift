import DequeModule

extension RedisClientMachine {
    /// Names in one SUBSCRIBE after a reconnect.
    static let namesPerCommand = 256

    /// Listens to something, now and after every reconnect.
    ///
    /// - Throws: ``RedisError/Code/tooManySubscriptions`` or ``RedisError/Code/closed``.
    public mutating func subscribe(to subscription: RedisSubscription, at now: Duration) throws(RedisError) -> [Action] {
        if self.phase == .closed { throw RedisError(.closed) }
        if self.subscriptions[subscription] != nil { return [] }
        guard self.subscriptions.count < self.configuration.limits.maximumSubscriptions else {
            throw RedisError(.tooManySubscriptions, "at most \(self.configuration.limits.maximumSubscriptions)")
        }
        self.subscriptions[subscription] = SubscriptionState()
        guard self.phase == .ready else { return [] }
        self.sendSubscribe([subscription], at: now)
        return [.flush]
    }

    /// Listens no more. A message that is on its way is dropped.
    public mutating func unsubscribe(from subscription: RedisSubscription, at now: Duration) -> [Action] {
        guard self.subscriptions.removeValue(forKey: subscription) != nil, self.phase == .ready else { return [] }
        self.control.writeRESP(RedisCommand(subscription.kind.unsubscribe, .text(subscription.name)))
        self.controlFlights.append(
            Flight(kind: .unsubscribe([subscription]), missing: 1, deadline: now + self.configuration.timeouts.command))
        return [.flush]
    }

    /// Whether somebody asked for it.
    public func isSubscribed(to subscription: RedisSubscription) -> Bool { self.subscriptions[subscription] != nil }

    /// Sends all that is wanted to a new connection.
    mutating func subscribeAgain(at now: Duration) {
        for kind in [RedisSubscription.Kind.channel, .pattern, .shard] {
            let wanted = self.subscriptions.keys.filter { $0.kind == kind }
            for start in stride(from: 0, to: wanted.count, by: Self.namesPerCommand) {
                self.sendSubscribe(Array(wanted[start..<min(start + Self.namesPerCommand, wanted.count)]), at: now)
            }
        }
    }

    private mutating func sendSubscribe(_ names: [RedisSubscription], at now: Duration) {
        guard let kind = names.first?.kind else { return }
        self.control.writeRESP(RedisCommand(kind.subscribe, arguments: names.map { .text($0.name) }))
        self.lastSerial += 1
        self.controlFlights.append(
            Flight(
                kind: .subscribe(names, serial: self.lastSerial), missing: names.count,
                deadline: now + self.configuration.timeouts.command))
        for name in names { self.subscriptions[name]?.serial = self.lastSerial }
    }

    // MARK: Pushes

    mutating func receivedPush(_ elements: [RESPValue]) -> Received {
        guard let push = RedisPush(elements) else { return self.violation("a push that has not its shape") }
        switch push {
        case .message(let subscription, let channel, let payload):
            guard self.subscriptions[subscription] != nil else { return .nothing }
            return .message(subscription, channel: channel, payload: payload)
        case .subscribed(let subscription):
            guard case .subscribe(let names, let serial) = self.inFlight.first?.kind, names.contains(subscription) else {
                return self.violation("a subscription that nobody asked for")
            }
            self.confirmHead()
            guard self.subscriptions[subscription]?.serial == serial else { return .nothing }
            self.subscriptions[subscription]?.isEstablished = true
            return .actions([.notify(subscription, .established)])
        case .unsubscribed(let subscription):
            if case .unsubscribe(let names) = self.inFlight.first?.kind, names.contains(subscription) {
                self.confirmHead()
                return .nothing
            }
            return self.dropped(subscription)
        case .other: return .nothing
        }
    }

    private mutating func confirmHead() {
        self.inFlight[self.inFlight.startIndex].missing -= 1
        if self.inFlight[self.inFlight.startIndex].missing == 0 { self.inFlight.removeFirst() }
    }

    /// Redis took a sharded channel away by itself, because its slot moved.
    private mutating func dropped(_ subscription: RedisSubscription) -> Received {
        guard let state = self.subscriptions[subscription], state.isEstablished else { return .nothing }
        let error = RedisError(.connectionLost, "the channel moved")
        return .actions([.notify(subscription, .interrupted(error)), .disconnect(error)])
    }

    /// One name that the user may not listen to makes Redis refuse all of a command: each gets a try of its own then.
    mutating func refused(_ names: [RedisSubscription], serial: UInt64, _ reply: RESPErrorReply, at now: Duration) -> [Action] {
        let wanted = names.filter { self.subscriptions[$0]?.serial == serial }
        if names.count > 1 {
            for name in wanted { self.sendSubscribe([name], at: now) }
            return wanted.isEmpty ? [] : [.flush]
        }
        for name in wanted { self.subscriptions[name] = nil }
        return wanted.map { .notify($0, .failed(RedisError(reply))) }
    }
}
