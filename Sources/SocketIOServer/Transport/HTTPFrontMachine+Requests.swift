import EngineIOCore
import NIOCore
import NIOHTTP1

/// Reading: from parts to requests.
extension HTTPFrontMachine {
    /// The next part that the parser found.
    mutating func received(_ part: HTTPServerRequestPart) {
        if waiting.isEmpty, canTake(part) { return take(part) }
        if phase == .finished { return }
        waiting.append(part)
        waitingBytes += HTTPFrontMachine.cost(of: part)
        if waiting.count > limits.maximumWaitingParts || waitingBytes > limits.maximumWaitingBytes { abort() }
    }

    mutating func readComplete() {
        // The next requests follow after the loop's other connections.
        if waiting.isEmpty, !isResumeScheduled { requestsThisTurn = 0 }
        if case .passing = phase { actions.append(.forwardReadComplete) }
    }

    /// The channel asks whether to read.
    mutating func readRequested() {
        if isReadyForPart { actions.append(.read) } else { isReadHeld = true }
    }

    /// The peer's bytes are no HTTP.
    mutating func malformed(_ status: HTTPResponseStatus) {
        if malformed == nil { malformed = status }
        actions.append(.dropRest)
    }

    /// The requests of this turn took long: the others follow in a later turn.
    mutating func turnIsOver() { requestsThisTurn = limits.requestsPerTurn }

    /// A later turn of the loop.
    mutating func turnBegan() {
        requestsThisTurn = 0
        isResumeScheduled = false
    }

    mutating func writabilityChanged(isWritable: Bool) {
        self.isWritable = isWritable
        if isWritable { stall.moved() } else { actions.append(.watchStall) }
    }

    /// The memory of a part while it waits, including overhead: a field is two strings with their own storage.
    static func cost(of part: HTTPServerRequestPart) -> Int {
        switch part {
        case .head(let head): 256 + head.uri.utf8.count + head.headers.memoryBytes
        case .body(let bytes): 128 + bytes.readableBytes
        case .end(let trailers): 64 + (trailers?.memoryBytes ?? 0)
        }
    }

    /// Whether no earlier request holds back the next part, and no earlier answer.
    var isReadyForPart: Bool {
        switch phase {
        case .answering, .upgrading, .switching, .passing(requestEnded: true, _, _): false
        case .finished: true
        case .collecting, .draining: isWritable
        case .idle, .passing: isWritable && !isResumeScheduled
        }
    }

    mutating func canTake(_ part: HTTPServerRequestPart) -> Bool {
        switch phase {
        case .answering, .passing(requestEnded: true, _, _): return false
        // Behind a request for an upgrade comes no other.
        case .finished, .upgrading, .switching, .collecting, .draining, .passing: return true
        case .idle:
            guard case .head = part else { return true }
            guard isWritable, !isResumeScheduled else { return false }
            guard requestsThisTurn >= limits.requestsPerTurn else { return true }
            isResumeScheduled = true
            actions.append(.resumeLater)
            return false
        }
    }

    /// Takes the next part.
    mutating func take(_ part: HTTPServerRequestPart) {
        switch (phase, part) {
        case (.idle, .head(let head)): receive(head)
        case (.collecting(let head, var body), .body(let bytes)):
            // Moved out of the property while it grows. Otherwise each piece would copy all earlier ones.
            phase = .idle
            let count = body.readableBytes + bytes.readableBytes
            if count > limits.maximumBodyBytes {
                phase = .draining(head, byteCount: count)
                endDrainingIfTooLong()
            } else {
                body.writeImmutableBuffer(bytes)
                holdBody(body.capacity)
                phase = .collecting(head, body)
            }
        case (.collecting(let head, let body), .end):
            phase = .answering(head)
            deadline.disarm()
            actions.append(.dispatch(head, body))
        case (.draining(let head, let count), .body(let bytes)):
            phase = .draining(head, byteCount: count + bytes.readableBytes)
            endDrainingIfTooLong()
        case (.draining(let head, _), .end):
            phase = .answering(head)
            deadline.disarm()
            actions.append(.refuseLargeBody(head))
        case (.collecting, .head), (.draining, .head): close()
        case (.passing(_, let responseEnded, let closes), _):
            if case .body(let bytes) = part {
                // A route may keep the whole body; most keep no more than this.
                routeBodyBytes = min(routeBodyBytes + bytes.readableBytes, limits.maximumBodyBytes)
                holdBody(routeBodyBytes)
            }
            actions.append(.forward(part))
            guard case .end = part else { return }
            phase = .passing(requestEnded: true, responseEnded: responseEnded, closes: closes)
            deadline.disarm()
            actions.append(.forwardReadComplete)
            endPassingIfDone()
        case (.finished, _), (.upgrading, _), (.switching, _), (.answering, _), (.idle, _): break
        }
    }

    /// The body exceeds what is read and dropped: the answer is the last one.
    private mutating func endDrainingIfTooLong() {
        guard case .draining(let head, let count) = phase, count > limits.maximumDrainedBytes else { return }
        phase = .answering(head.closing)
        deadline.disarm()
        actions.append(.refuseLargeBody(head.closing))
    }

    // MARK: Memory of a body

    /// Whether the request's body may still be held.
    var keepsBody: Bool {
        switch phase {
        case .collecting, .answering, .passing: true
        case .idle, .draining, .upgrading, .switching, .finished: false
        }
    }

    mutating func holdBody(_ byteCount: Int) {
        let counted = byteCount > limits.smallBodyBytes ? byteCount : 0
        guard counted != heldBodyBytes else { return }
        actions.append(.holdBody(counted, insteadOf: heldBodyBytes))
        heldBodyBytes = counted
    }

    /// There is no room for the request's body. `before` is the number of bytes that it still counts.
    mutating func bodyRefused(before: Int) {
        heldBodyBytes = before
        switch phase {
        case .collecting(let head, _):
            phase = .answering(head.closing)
            deadline.disarm()
            actions.append(.refuseBody(head.closing))
        case .passing: abort()
        default: break
        }
    }

    private mutating func receive(_ head: HTTPRequestHead) {
        requestsThisTurn += 1
        beginRequest()
        guard HostField.isValid(in: head) else { return respondLast(.badRequest) }
        if head.version == .http1_1, let expectation = head.headers.first(name: "expect"), ASCIIText.equals(expectation, "100-continue") {
            actions.append(.writeContinue)
        }
        if path.owns(head.uri) {
            let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            phase = length > limits.maximumBodyBytes ? .draining(head, byteCount: 0) : .collecting(head, ByteBuffer())
            return
        }
        guard let routed = head.withHostOfTarget else { return respondLast(.badRequest) }
        phase = .passing(
            requestEnded: false, responseEnded: false, closes: RequestDecoder.stops(behind: head) || !head.isKeepAlive)
        routeBodyBytes = 0
        beginRoute()
        actions.append(.forward(.head(routed)))
    }

    /// Refuses bytes that are no HTTP if no request is before them. Returns whether it did.
    mutating func refuseMalformed(_ status: HTTPResponseStatus) -> Bool {
        switch phase {
        case .idle, .collecting, .draining: respondLast(status)
        case .answering, .passing(requestEnded: true, _, _), .finished: return false
        // The route has begun to serve a request that will not end.
        case .passing, .upgrading, .switching: close()
        }
        malformed = nil
        return true
    }
}

extension HTTPHeaders {
    /// Their approximate memory in bytes.
    var memoryBytes: Int { reduce(0) { $0 + 64 + $1.name.utf8.count + $1.value.utf8.count } }
}

extension HTTPRequestHead {
    /// The request with its target's host in the `Host` field, if the target names one: that host counts (RFC 9112 §3.2.2), and routes may
    /// read the field alone. Nil if the target's host is invalid.
    fileprivate var withHostOfTarget: HTTPRequestHead? {
        guard let authority = QueryString.authority(of: uri) else { return self }
        guard Authority(authority) != nil else { return nil }
        var head = self
        head.headers.replaceOrAdd(name: "Host", value: String(authority))
        return head
    }

    /// The same request with an answer that is the connection's last.
    fileprivate var closing: HTTPRequestHead {
        var head = self
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        return head
    }
}
