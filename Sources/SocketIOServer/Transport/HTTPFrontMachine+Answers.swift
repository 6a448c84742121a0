import NIOCore
import NIOHTTP1

/// Answers, and the deadlines for the next request and for taking answers.
extension HTTPFrontMachine {
    /// The request that is being answered.
    var request: HTTPRequestHead? {
        switch phase {
        case .answering(let head), .upgrading(let head): head
        default: nil
        }
    }

    /// The request for Engine.IO whose body is being received.
    var received: HTTPRequestHead? {
        switch phase {
        case .collecting(let head, _), .draining(let head, _): head
        default: nil
        }
    }

    /// An answer to the request of that number. A late or repeated one is ignored.
    mutating func answer(_ answer: EngineAnswer, to number: UInt32) {
        guard number == requestNumber, let head = request else { return }
        endPoll()
        let closes = answer.closes || isQuiescing || !head.isKeepAlive || RequestDecoder.stops(behind: head)
        var headers = answer.headers
        if answer.status != .noContent, answer.status != .notModified {
            headers.add(name: "Content-Length", value: String(answer.body.readableBytes))
        }
        headers.add(name: "Connection", value: closes ? "close" : "keep-alive")
        respond(
            HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers), head.method == .HEAD ? ByteBuffer() : answer.body)
        finishResponse(closes: closes)
    }

    /// The connection's last answer, to bytes that are no request.
    mutating func respondLast(_ status: HTTPResponseStatus) {
        respond(HTTPResponseHead(version: .http1_1, status: status, headers: ["Connection": "close", "Content-Length": "0"]), ByteBuffer())
        finishResponse(closes: true)
    }

    private mutating func respond(_ head: HTTPResponseHead, _ body: ByteBuffer) {
        unsentAnswers += 1
        actions.append(.respond(head, body))
    }

    /// A response is written: on to the next request, or to the end.
    private mutating func finishResponse(closes: Bool) {
        guard closes || isQuiescing else {
            phase = .idle
            isClientsTurn = true
            return
        }
        phase = .finished
        // Lets the peer read the answer: closing with unread bytes would reset the connection.
        isLastAnswerWritten = true
        dropWaiting()
        actions.append(.dropRest)
        if isQuiescing { actions.append(.closeLater(limits.quiescingGrace)) } else { isClientsTurn = true }
    }

    // MARK: Routes

    /// Whether a route may write a part now. Only routes write parts, and unwrapping anything else as a part would stop the process.
    var takesRouteParts: Bool {
        if case .passing(_, responseEnded: false, _) = phase { true } else { false }
    }

    /// The head of a route's response, as it goes out.
    func routeHead(_ head: HTTPResponseHead) -> HTTPResponseHead {
        guard case .passing(_, _, let closes) = phase, closes || isQuiescing else { return head }
        var head = head
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        return head
    }

    /// A route's response ends. Call ``answerHasGone()`` when it has left the memory, or cannot.
    mutating func routeEnded() {
        guard case .passing(let requestEnded, _, let closes) = phase else { return }
        unsentAnswers += 1
        phase = .passing(requestEnded: requestEnded, responseEnded: true, closes: closes)
        endPassingIfDone()
    }

    mutating func endPassingIfDone() {
        guard case .passing(requestEnded: true, responseEnded: true, let closes) = phase else { return }
        actions.append(.flush)
        finishResponse(closes: closes)
    }

    // MARK: Deadlines

    /// Whether the connection waits for the client, so that there is a deadline.
    private var awaitsClient: Bool {
        switch phase {
        case .answering, .upgrading, .switching, .passing(requestEnded: true, _, _): false
        default: true
        }
    }

    /// The time for the next request begins when the answer has left the memory.
    mutating func answerHasGone() {
        unsentAnswers -= 1
        stall.moved()
        if unsentAnswers == 0, awaitsClient { isClientsTurn = true }
    }

    /// Returns when to call ``deadlineDue(now:)``, unless a timer is set already.
    mutating func armDeadline(now: NIODeadline) -> NIODeadline? { deadline.arm(at: now + limits.requestTimeout) }

    /// The timer has fired. Returns when it must fire again.
    mutating func deadlineDue(now: NIODeadline) -> NIODeadline? {
        switch deadline.fire(now: now) {
        case .expired: abort()
        case .again(let next): return next
        case .idle: break
        }
        return nil
    }

    /// Answers wait in memory. Returns whether ``stallDue(waitingBytes:)`` must be called after an interval.
    mutating func watchStall(waitingBytes: Int) -> Bool { stall.begin(waitingBytes: waitingBytes) }

    /// An interval has passed. Returns whether it must be called again.
    mutating func stallDue(waitingBytes: Int) -> Bool {
        switch stall.look(waitingBytes: unsentAnswers > 0 || !isWritable ? waitingBytes : nil) {
        case .done: return false
        case .moves: return true
        case .stalled:
            abort()
            return false
        }
    }
}
