import DequeModule
import NIOCore
import NIOHTTP1

/// An HTTP connection without its I/O: which request is being read, answered or passed on, which ones wait, and what has a deadline.
///
/// Each input changes the state and adds actions; the owner then performs ``next()`` until it is nil, and never calls an input's owner from
/// within. Requests are served one at a time and in order; what a client sends meanwhile waits, and reading is held.
struct HTTPFrontMachine {
    enum Action: Equatable {
        /// Read from the peer.
        case read
        /// A complete request to Engine.IO's path: decide about it, then call ``answer(_:to:)``, ``beginUpgrade()`` or ``switchProtocols()``.
        case dispatch(HTTPRequestHead, ByteBuffer)
        /// A request to Engine.IO's path with a body over the limit: answer with ``answer(_:to:)``.
        case refuseLargeBody(HTTPRequestHead)
        /// A request to Engine.IO's path with a body that there is no room for: answer with ``answer(_:to:)``.
        case refuseBody(HTTPRequestHead)
        /// The body of the request takes so much memory. Call ``bodyRefused(before:)`` if there is no room for it.
        case holdBody(Int, insteadOf: Int)
        /// `100 Continue`.
        case writeContinue
        /// Write an answer and flush. Call ``answerHasGone()`` when all of it has left the memory, or cannot.
        case respond(HTTPResponseHead, ByteBuffer)
        /// The first request for a route: lay its handlers. Call ``routeFailed()`` if that is not possible.
        case installRoute
        case forward(HTTPServerRequestPart)
        case forwardReadComplete
        /// The peer sends no more.
        case forwardInputClosed
        case forwardQuiescing
        case flush
        /// Parse no further: read on, so that the peer can finish what it sends and find its answer, but keep nothing.
        case dropRest
        case closeOutput
        case close
        /// Close without a farewell, whatever is under way.
        case abort
        /// Call ``graceOver()`` after this time.
        case closeLater(TimeAmount)
        /// Call ``turnBegan()`` in a later turn of the loop: other connections come first.
        case resumeLater
        /// Call ``armDeadline(now:)``.
        case armDeadline
        /// Call ``watchStall(waitingBytes:)``.
        case watchStall
        /// The client gave up its GET of this session.
        case abortPoll(sid: String)
        /// The server ends: so does this session, whose GET waits.
        case endSession(sid: String)
        /// Give back the place among the connections.
        case releasePlace
    }

    enum Phase: Equatable {
        /// The next part is a head.
        case idle
        /// A request to Engine.IO's path, its body so far.
        case collecting(HTTPRequestHead, ByteBuffer)
        /// Its body is too large: read and dropped before the answer.
        case draining(HTTPRequestHead, byteCount: Int)
        /// The answer is not written yet.
        case answering(HTTPRequestHead)
        /// A route answers this request.
        case passing(requestEnded: Bool, responseEnded: Bool, closes: Bool)
        /// A session on another loop decides about its upgrade.
        case upgrading(HTTPRequestHead)
        /// It is a WebSocket whose handler waits for the decoder to go.
        case switching
        /// The last answer is written, or the connection is closed: nothing more is taken.
        case finished
    }

    struct Limits {
        var maximumBodyBytes: Int
        var maximumDrainedBytes: Int
        var maximumWaitingParts: Int
        var maximumWaitingBytes: Int
        /// After so many requests in one turn of the loop the others have theirs.
        var requestsPerTurn = 32
        /// Bodies that do not count.
        var smallBodyBytes = 4_096
        var requestTimeout: TimeAmount
        var quiescingGrace = TimeAmount.milliseconds(250)
        var quiescingResponseTime = TimeAmount.seconds(5)
    }

    let limits: Limits
    let path: EnginePath

    var phase = Phase.idle
    var actions: Deque<Action> = []
    /// Parts behind the request that is being served.
    var waiting: Deque<HTTPServerRequestPart> = []
    var waitingBytes = 0
    var isWritable = true
    var isReadHeld = false
    /// The answer to bytes that are no HTTP, once the requests before them have theirs.
    var malformed: HTTPResponseStatus?
    /// The peer sends no more: the connection ends when what it sent is answered.
    var isInputClosed = false
    /// The connection ends when its last answer has been read.
    var isLastAnswerWritten = false
    private var isOutputClosed = false
    /// The server ends: no further request is taken, and no client is waited for.
    private(set) var isQuiescing = false
    private(set) var isRouteInstalled = false
    private(set) var holdsPlace = false
    /// Names the request that is being answered: a late answer to an earlier one is none.
    private(set) var requestNumber: UInt32 = 0
    /// The session whose GET waits for an answer.
    private(set) var polledSession: String?
    /// What the body of the request counts: until it is answered.
    var heldBodyBytes = 0
    /// What a route has had of it.
    var routeBodyBytes = 0
    var requestsThisTurn = 0
    var isResumeScheduled = false

    var deadline = RequestDeadline()
    var stall = StallWatch()
    /// Answers that were written and have not all gone to the kernel.
    var unsentAnswers = 0
    /// It is the client's turn since the last action.
    var isClientsTurn = false

    init(limits: Limits, path: EnginePath) {
        self.limits = limits
        self.path = path
    }

    // MARK: Actions

    /// What to do now; nil: nothing, until the next input.
    mutating func next() -> Action? {
        while true {
            if let action = actions.popFirst() { return action }
            guard advance() else { return actions.popFirst() }
        }
    }

    /// Goes on with what waits, one step. Returns whether there was any.
    private mutating func advance() -> Bool {
        if isClientsTurn {
            isClientsTurn = false
            actions.append(unsentAnswers == 0 ? .armDeadline : .watchStall)
            return true
        }
        if heldBodyBytes > 0, !keepsBody {
            holdBody(0)
            return true
        }
        if phase == .finished { return finish() }
        if let part = waiting.first {
            guard canTake(part) else { return false }
            waiting.removeFirst()
            waitingBytes -= HTTPFrontMachine.cost(of: part)
            take(part)
            return true
        }
        if let status = malformed { return refuseMalformed(status) }
        if isInputClosed { return endAfterLastRequest() }
        if isReadHeld, isReadyForPart {
            isReadHeld = false
            actions.append(.read)
            return true
        }
        return false
    }

    /// The peer sends no more, and all that it sent is answered: the connection ends when it has the answers.
    private mutating func endAfterLastRequest() -> Bool {
        switch phase {
        case .idle: if unsentAnswers > 0 { return false }
        case .collecting, .draining, .upgrading, .switching: break
        // The answer still comes. A route hears of the end by itself.
        case .answering, .passing, .finished: return false
        }
        close()
        return true
    }

    /// Behind the last answer.
    private mutating func finish() -> Bool {
        if isLastAnswerWritten, isInputClosed {
            // Not while an answer waits in memory: a channel whose input is closed ends at once, and drops it.
            guard unsentAnswers == 0 else { return false }
            isLastAnswerWritten = false
            actions.append(.close)
            return true
        }
        if isLastAnswerWritten, !isOutputClosed {
            isOutputClosed = true
            actions.append(.closeOutput)
            return true
        }
        guard isReadHeld else { return false }
        isReadHeld = false
        actions.append(.read)
        return true
    }

    mutating func close() { end(.close) }
    mutating func abort() { end(.abort) }

    private mutating func end(_ action: Action) {
        phase = .finished
        isLastAnswerWritten = false
        dropWaiting()
        actions.append(action)
    }

    mutating func dropWaiting() {
        waiting = []
        waitingBytes = 0
    }

    // MARK: Life

    /// The connection is there; `hasPlace`: among those that the server allows.
    mutating func opened(hasPlace: Bool) {
        holdsPlace = hasPlace
        if hasPlace { isClientsTurn = true } else { close() }
    }

    mutating func inactive() {
        phase = .finished
        isLastAnswerWritten = false
        dropWaiting()
        abandonPoll()
        if takePlace() { actions.append(.releasePlace) }
    }

    /// The place goes on to the WebSocket's handler, or back.
    mutating func takePlace() -> Bool {
        defer { holdsPlace = false }
        return holdsPlace
    }

    /// The peer sends no more. What it sent before is answered.
    mutating func inputClosed() {
        isInputClosed = true
        abandonPoll()
        if case .passing = phase { actions.append(.forwardInputClosed) }
    }

    private mutating func abandonPoll() {
        guard let sid = polledSession else { return }
        polledSession = nil
        actions.append(.abortPoll(sid: sid))
    }

    /// The server ends: an answer that is under way may be read; whatever else the client is doing is cut short.
    mutating func quiesce() {
        isQuiescing = true
        var time = limits.quiescingGrace
        switch phase {
        case .idle: close()
        case .answering: if let sid = polledSession { actions.append(.endSession(sid: sid)) }
        case .passing(let requestEnded, _, _):
            if requestEnded { time = limits.quiescingResponseTime }
            actions.append(.forwardQuiescing)
        default: break
        }
        actions.append(.closeLater(time))
    }

    mutating func graceOver() { abort() }

    /// Something went wrong below.
    mutating func failed() { close() }

    // MARK: Upgrade

    /// Another loop decides about this request's upgrade: ``answer(_:to:)`` refuses it, ``switchProtocols()`` carries it out.
    mutating func beginUpgrade() {
        if case .answering(let head) = phase { phase = .upgrading(head) }
    }

    /// The connection becomes a WebSocket. Returns whether it still can.
    mutating func switchProtocols() -> Bool {
        switch phase {
        case .answering, .upgrading:
            phase = .switching
            return true
        default: return false
        }
    }

    /// The WebSocket's handler has taken over. Returns whether the connection's place goes with it; nil: the connection has ended.
    mutating func handOver() -> Bool? {
        guard phase == .switching else { return nil }
        phase = .finished
        return takePlace()
    }

    // MARK: Requests

    mutating func beginRequest() { requestNumber &+= 1 }

    /// This request is a GET that may wait for its session.
    mutating func polls(_ sid: String) { polledSession = sid }

    mutating func endPoll() { polledSession = nil }

    mutating func beginRoute() {
        guard !isRouteInstalled else { return }
        isRouteInstalled = true
        actions.append(.installRoute)
    }

    /// The route's handlers could not be laid.
    mutating func routeFailed() {
        isRouteInstalled = false
        actions.removeAll { if case .forward = $0 { true } else { false } }
        close()
    }
}
