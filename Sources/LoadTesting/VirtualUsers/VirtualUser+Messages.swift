import NIOCore
import JSONCore

/// The next WebSocket message that a user awaits.
struct PendingMessage: Sendable {
    var step: PlannedStep
    var sentAt: RunInstant
    var intendedAt: RunInstant
    var check: ResponseCheck
    /// Whether the message answers one that this user sent; its time is a response time then.
    var isAnswer: Bool
}

extension VirtualUser {
    /// - Returns: True if the user waits now.
    mutating func send(_ send: SendStep, step: PlannedStep, _ turn: inout Turn) -> Bool {
        var message = ByteBuffer()
        switch send.payload {
        case .text(let template): message.writeString(template.text(in: &scope))
        case .json(let template): template.render(to: &message, in: &scope)
        }
        auditSent(message, &turn)
        turn.measurements.count(Metric.sentMessages.id)
        turn.actions.append(.send(message))
        if let check = send.response {
            awaitMessage(check, step: step, isAnswer: true, &turn)
            return true
        }
        intendedAt = turn.now
        return false
    }

    mutating func awaitMessage(_ check: ResponseCheck, step: PlannedStep, isAnswer: Bool, _ turn: inout Turn) {
        position += 1
        waiting = .message(
            PendingMessage(
                step: step, sentAt: turn.now, intendedAt: min(intendedAt, turn.now), check: check, isAnswer: isAnswer))
        deadline = turn.now + (check.timeout ?? context.timeout)
    }

    mutating func received(_ message: ByteBuffer, _ turn: inout Turn) {
        turn.measurements.count(Metric.receivedMessages.id)
        message.withUnsafeReadableBytes { auditReceived($0, &turn) }
        guard case .message(let pending) = waiting else { return }
        if pending.isAnswer {
            let response = turn.now.since(pending.intendedAt).nanoseconds
            turn.measurements.record(Metric.webSocketResponseTime.id, nanoseconds: response)
            turn.measurements.record(pending.step.metrics.response, nanoseconds: response)
        }
        if pending.check.readsContent, !check(pending.check, Answer(message: message), &turn) { return }
        deadline = nil
        intendedAt = turn.now
        play(&turn)
    }
}
