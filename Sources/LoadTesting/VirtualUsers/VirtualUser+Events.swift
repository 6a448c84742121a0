import NIOCore
import SocketIOCore

/// The answers that a user awaits after a step.
struct PendingAnswers: Sendable {
    struct Event: Sendable {
        var namespace: String
        var channel: String
        var awaited: AwaitedEvent
    }

    var step: PlannedStep
    var sentAt: RunInstant
    var intendedAt: RunInstant
    /// The number of the acknowledgement that is awaited.
    var acknowledgement: UInt64?
    var events: [Event] = []

    var isEmpty: Bool { acknowledgement == nil && events.isEmpty }
}

extension VirtualUser {
    // MARK: Sending

    /// - Returns: True if the user waits now.
    mutating func emit(_ emit: PlannedEmit, step: PlannedStep, _ turn: inout Turn) -> Bool {
        let namespace = emit.namespace ?? emit.step.namespace?.text(in: &scope) ?? "/"
        guard isJoined(namespace, &turn) else { return true }
        let arguments = emit.arguments ?? emit.step.arguments.rendered(in: &scope)
        var pending = PendingAnswers(step: step, sentAt: turn.now, intendedAt: min(intendedAt, turn.now))
        if emit.step.acknowledgement != nil {
            pending.acknowledgement = nextID
            nextID += 1
        }
        for awaited in emit.step.responses { pending.events.append(event(awaited, namespace: namespace)) }
        auditSent(arguments, &turn)
        turn.measurements.count(Metric.emits.id)
        if let count = step.metrics.eventCount { turn.measurements.count(count) }
        turn.actions.append(
            .emit(
                namespace: namespace, event: emit.step.eventName ?? emit.step.event.text(in: &scope), arguments: arguments,
                acknowledgement: pending.acknowledgement))
        intendedAt = turn.now
        guard !pending.isEmpty else { return false }
        self.await(pending, timeout: emit.timeout, &turn)
        return true
    }

    private mutating func event(_ awaited: AwaitedEvent, namespace: String) -> PendingAnswers.Event {
        PendingAnswers.Event(
            namespace: awaited.namespace?.text(in: &scope) ?? namespace, channel: awaited.channel.text(in: &scope),
            awaited: awaited)
    }

    mutating func expect(_ awaited: AwaitedEvent, step: PlannedStep, _ turn: inout Turn) {
        let pending = PendingAnswers(
            step: step, sentAt: turn.now, intendedAt: turn.now, events: [event(awaited, namespace: "/")])
        self.await(pending, timeout: awaited.timeout, &turn)
    }

    private mutating func await(_ pending: PendingAnswers, timeout: Duration?, _ turn: inout Turn) {
        position += 1
        waiting = .answers(pending)
        deadline = turn.now + (timeout ?? context.timeout)
    }

    // MARK: Receiving

    mutating func acknowledged(_ id: UInt64, _ arguments: Arguments, _ turn: inout Turn) {
        guard case .answers(var pending) = waiting, pending.acknowledgement == id else { return }
        pending.acknowledgement = nil
        let service = turn.now.since(pending.sentAt).nanoseconds
        measure(pending, &turn)
        turn.measurements.record(Metric.acknowledgementTime.id, nanoseconds: service)
        if let check = pending.step.emit?.step.acknowledgement, check.readsContent,
            !self.check(check, Answer(arguments: arguments), &turn)
        {
            return
        }
        resume(pending, &turn)
    }

    mutating func received(_ arguments: Arguments, namespace: String, _ turn: inout Turn) {
        let name = arguments.name
        turn.measurements.count(Metric.eventsReceived.id)
        arguments.packet.withArguments { auditReceived($0, &turn) }
        if context.configuration.measuresSentAt, let sentAt = arguments.first["_sentAt"]?.double {
            turn.measurements.record(Metric.sentAtLatency.id, nanoseconds: turn.now.nanoseconds - Int64(min(max(sentAt, 0), 1e12) * 1e6))
        }
        if Self.isErrorEvent(name) { countErrorEvent(name, arguments, &turn) }
        guard case .answers(var pending) = waiting, !pending.events.isEmpty else { return }
        guard let index = pending.events.firstIndex(where: { $0.channel == name && $0.namespace == namespace }) else { return }
        let event = pending.events[index]
        var answer: Answer?
        if event.awaited.check.readsContent || !event.awaited.filter.isEmpty {
            let found = Answer(arguments: arguments)
            for filter in event.awaited.filter where !filter.isMet(by: found, in: &scope) { return }
            answer = found
        }
        pending.events.remove(at: index)
        measure(pending, &turn)
        let time = turn.now.since(pending.sentAt).nanoseconds
        turn.measurements.record(Metric.pushTime.id, nanoseconds: time)
        if let id = plan.pushMetrics[name] { turn.measurements.record(id, nanoseconds: time) }
        if let answer, !check(event.awaited.check, answer, &turn) { return }
        resume(pending, &turn)
    }

    func auditSent(_ bytes: ByteBuffer, _ turn: inout Turn) {
        guard context.configuration.usesDeliveryAudit else { return }
        for tag in bytes.withUnsafeReadableBytes(AuditTag.find) { turn.measurements.audit.sent(tag) }
    }

    /// Records the tags of a received message, and the fan-out times of other users' messages.
    func auditReceived(_ bytes: UnsafeRawBufferPointer, _ turn: inout Turn) {
        guard context.configuration.usesDeliveryAudit else { return }
        for tag in AuditTag.find(in: bytes) {
            turn.measurements.audit.received(tag, by: start.user, at: turn.now)
            guard tag.sender != start.user else { continue }
            turn.measurements.record(Metric.fanOutTime.id, nanoseconds: turn.now.nanoseconds - tag.sentAtNanoseconds)
        }
    }

    /// True if the last word of the event's name reports a failure, as in `error`, `chat:error`, `join_failed`, `authError`.
    static func isErrorEvent(_ name: String) -> Bool {
        guard let last = name.utf8.last, last != UInt8(ascii: "s") || name.hasSuffix("errors") else { return false }
        return Self.errorWords.contains { word in
            guard name.utf8.count >= word.count, name.lowercased().hasSuffix(word) else { return false }
            let start = name.utf8.index(name.endIndex, offsetBy: -word.utf8.count)
            guard start > name.startIndex else { return true }
            let isNewWord = name.utf8[start] < UInt8(ascii: "a")
            return isNewWord || !Unicode.Scalar(name.utf8[name.utf8.index(before: start)]).properties.isAlphabetic
        }
    }

    private static let errorWords = [
        "error", "errors", "exception", "fail", "failed", "failure", "rejected", "refused", "denied", "unauthorized", "forbidden",
        "invalid",
    ]

    /// Counts an error event by name and message, so that a run in which the server refused everything does not look like a success.
    private func countErrorEvent(_ name: String, _ arguments: Arguments, _ turn: inout Turn) {
        let argument = arguments.first
        let message = argument["message"]?.string ?? argument["error"]?.string ?? argument.string ?? argument["code"]?.string ?? ""
        turn.measurements.count(Metric.errorEvents.id)
        turn.measurements.count(named: "socketio.error_events.\(name)\(message.isEmpty ? "" : ": \(message.prefix(100))")")
    }

    /// Records the times of one answer. Every answer is one sample. A message without an answer has no sample.
    private func measure(_ pending: PendingAnswers, _ turn: inout Turn) {
        let service = turn.now.since(pending.sentAt).nanoseconds
        let response = turn.now.since(pending.intendedAt).nanoseconds
        turn.measurements.record(Metric.responseTime.id, nanoseconds: response)
        turn.measurements.record(Metric.serviceTime.id, nanoseconds: service)
        let metrics = pending.step.metrics
        turn.measurements.record(metrics.response, nanoseconds: response)
        if let event = metrics.event { turn.measurements.record(event, nanoseconds: response) }
        if let endpoint = metrics.endpoint { turn.measurements.record(endpoint, nanoseconds: response) }
    }

    /// - Returns: False if the user has failed.
    mutating func check(_ check: ResponseCheck, _ answer: Answer, _ turn: inout Turn) -> Bool {
        let result = check.evaluate(answer, in: &scope)
        for failure in result.softFailures { turn.measurements.count(named: "errors.\(failure)") }
        if result.expectationsMet > 0 { turn.measurements.count(Metric.expectationsMet.id, by: result.expectationsMet) }
        for name in result.failedExpectations {
            turn.measurements.count(Metric.expectationsFailed.id)
            turn.measurements.count(named: "plugins.expect.failed.\(name)")
            if context.configuration.expectationFailuresAreErrors {
                turn.measurements.count(named: "errors.expectation failed: \(name)")
            }
        }
        if let failure = result.failure {
            fail(failure, &turn)
            return false
        }
        return true
    }

    private mutating func resume(_ pending: PendingAnswers, _ turn: inout Turn) {
        guard pending.isEmpty else {
            waiting = .answers(pending)
            return
        }
        deadline = nil
        intendedAt = turn.now
        play(&turn)
    }
}
