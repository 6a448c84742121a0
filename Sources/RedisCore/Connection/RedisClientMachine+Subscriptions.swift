import DequeModule

extension RedisClientMachine {
    /// Names in one SUBSCRIBE after a reconnect.
    static let namesPerCommand = 256

    /// Listens to something, now and after every reconnect.
    ///
    /// - Throws: ``RedisError/Code/tooManySubscriptions`` or ``RedisError/Code/closed``.
    public mutating func subscribe(to subscription: RedisSubscription, at now: Duration) throws(RedisError) -> [Action] {
        if phase == .closed { throw RedisError(.closed) }
        if subscriptions[subscription] != nil { return [] }
        guard subscriptions.count < configuration.limits.maximumSubscriptions else {
            throw RedisError(.tooManySubscriptions, "at most \(configuration.limits.maximumSubscriptions)")
        }
        subscriptions[subscription] = SubscriptionState()
        guard phase == .ready else { return [] }
        sendSubscribe([subscription], at: now)
        return [.flush]
    }

    /// Listens no more. A message that is on its way is dropped.
    public mutating func unsubscribe(from subscription: RedisSubscription, at now: Duration) -> [Action] {
        guard subscriptions.removeValue(forKey: subscription) != nil, phase == .ready else { return [] }
        control.writeRESP(RedisCommand(subscription.kind.unsubscribe, .text(subscription.name)))
        controlFlights.append(
            Flight(kind: .unsubscribe([subscription]), missing: 1, deadline: now + configuration.timeouts.command))
        return [.flush]
    }

    /// Whether somebody asked for it.
    public func isSubscribed(to subscription: RedisSubscription) -> Bool { subscriptions[subscription] != nil }

    /// Sends all that is wanted to a new connection.
    mutating func subscribeAgain(at now: Duration) {
        for kind in [RedisSubscription.Kind.channel, .pattern, .shard] {
            let wanted = subscriptions.keys.filter { $0.kind == kind }
            for start in stride(from: 0, to: wanted.count, by: Self.namesPerCommand) {
                sendSubscribe(Array(wanted[start..<min(start + Self.namesPerCommand, wanted.count)]), at: now)
            }
        }
    }

    private mutating func sendSubscribe(_ names: [RedisSubscription], at now: Duration) {
        guard let kind = names.first?.kind else { return }
        control.writeRESP(RedisCommand(kind.subscribe, arguments: names.map { .text($0.name) }))
        lastSerial += 1
        controlFlights.append(
            Flight(
                kind: .subscribe(names, serial: lastSerial), missing: names.count,
                deadline: now + configuration.timeouts.command))
        for name in names { subscriptions[name]?.serial = lastSerial }
    }

    // MARK: Pushes

    mutating func receivedPush(_ elements: [RESPValue]) -> Received {
        guard let push = RedisPush(elements) else { return violation("a push that has not its shape") }
        switch push {
        case .message(let subscription, let channel, let payload):
            guard subscriptions[subscription] != nil else { return .nothing }
            return .message(subscription, channel: channel, payload: payload)
        case .subscribed(let subscription):
            guard case .subscribe(let names, let serial) = inFlight.first?.kind, names.contains(subscription) else {
                return violation("a subscription that nobody asked for")
            }
            confirmHead()
            guard subscriptions[subscription]?.serial == serial else { return .nothing }
            subscriptions[subscription]?.isEstablished = true
            return .actions([.notify(subscription, .established)])
        case .unsubscribed(let subscription):
            if case .unsubscribe(let names) = inFlight.first?.kind, names.contains(subscription) {
                confirmHead()
                return .nothing
            }
            return dropped(subscription)
        case .other: return .nothing
        }
    }

    private mutating func confirmHead() {
        inFlight[inFlight.startIndex].missing -= 1
        if inFlight[inFlight.startIndex].missing == 0 { inFlight.removeFirst() }
    }

    /// Redis took a sharded channel away by itself, because its slot moved.
    private mutating func dropped(_ subscription: RedisSubscription) -> Received {
        guard let state = subscriptions[subscription], state.isEstablished else { return .nothing }
        let error = RedisError(.connectionLost, "the channel moved")
        return .actions([.notify(subscription, .interrupted(error)), .disconnect(error)])
    }

    /// One name that the user may not listen to makes Redis refuse all of a command: each gets a try of its own then.
    mutating func refused(_ names: [RedisSubscription], serial: UInt64, _ reply: RESPErrorReply, at now: Duration) -> [Action] {
        let wanted = names.filter { subscriptions[$0]?.serial == serial }
        if names.count > 1 {
            for name in wanted { sendSubscribe([name], at: now) }
            return wanted.isEmpty ? [] : [.flush]
        }
        for name in wanted { subscriptions[name] = nil }
        return wanted.map { .notify($0, .failed(RedisError(reply))) }
    }
}
