import DequeModule
import EngineIOCore
import NIOCore
import NIOHTTP1

/// An HTTP connection without its I/O: which request is being read, answered or passed on, which ones wait, and what has a deadline.
///
/// Each input changes the state and adds actions. The owner then performs ``next()`` until it is nil. Requests are served one at a time and
/// in order. Parts that arrive meanwhile wait, and reading pauses.
struct HTTPFrontMachine {
    enum Action: Equatable {
        /// Read from the peer.
        case read
        /// Decide about a complete request to Engine.IO's path, then call ``answer(_:to:)``, ``beginUpgrade()`` or ``switchProtocols()``.
        case dispatch(HTTPRequestHead, ByteBuffer)
        /// Refuse a request to Engine.IO's path whose body is over the limit, with ``answer(_:to:)``.
        case refuseLargeBody(HTTPRequestHead)
        /// Refuse a request to Engine.IO's path for whose body there is no memory, with ``answer(_:to:)``.
        case refuseBody(HTTPRequestHead)
        /// Count the memory of the request's body. Call ``bodyRefused(before:)`` if there is no room for it.
        case holdBody(Int, insteadOf: Int)
        /// `100 Continue`.
        case writeContinue
        /// Write an answer and flush. Call ``answerHasGone()`` when all of it has left the memory, or cannot.
        case respond(HTTPResponseHead, ByteBuffer)
        /// Add the handlers of routes, before the first request for one. Call ``routeFailed()`` if that fails.
        case installRoute
        case forward(HTTPServerRequestPart)
        case forwardReadComplete
        /// The peer sends no more.
        case forwardInputClosed
        case forwardQuiescing
        case flush
        /// Stop parsing. Read on and drop the bytes, so that the peer can finish sending and read its answer.
        case dropRest
        case closeOutput
        case close
        /// Close at once, whatever is under way.
        case abort
        /// Call ``graceOver()`` after this time.
        case closeLater(TimeAmount)
        /// Call ``turnBegan()`` in a later turn of the loop, after other connections.
        case resumeLater
        /// Call ``armDeadline(now:)``.
        case armDeadline
        /// Call ``watchStall(waitingBytes:)``.
        case watchStall
        /// Tell this session that the client abandoned its GET.
        case abortPoll(sid: SessionID)
        /// End this session, whose GET waits: the server ends.
        case endSession(sid: SessionID)
        /// Release the place among the connections.
        case releasePlace
    }

    enum Phase: Equatable {
        /// The next part is a head.
        case idle
        /// Reading a request to Engine.IO's path; the value is its body so far.
        case collecting(HTTPRequestHead, ByteBuffer)
        /// Reading and dropping a body that is too large, before the answer.
        case draining(HTTPRequestHead, byteCount: Int)
        /// The answer is not written yet.
        case answering(HTTPRequestHead)
        /// A route answers this request.
        case passing(requestEnded: Bool, responseEnded: Bool, closes: Bool)
        /// A session on another loop decides about the upgrade.
        case upgrading(HTTPRequestHead)
        /// It becomes a WebSocket, whose handler waits until the decoder has left.
        case switching
        /// The last answer is written, or the connection is closed. Nothing more is read.
        case finished
    }

    struct Limits {
        var maximumBodyBytes: Int
        var maximumDrainedBytes: Int
        var maximumWaitingParts: Int
        var maximumWaitingBytes: Int
        /// The maximum number of requests in one turn of the loop.
        var requestsPerTurn = 32
        /// Bodies of up to this size are not counted.
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
    /// The answer to bytes that are no HTTP. It follows the answers to earlier requests.
    var malformed: HTTPResponseStatus?
    /// Whether the peer has ended its stream. The connection ends when its requests are answered.
    var isInputClosed = false
    /// Whether the connection ends when its last answer has been read.
    var isLastAnswerWritten = false
    private var isOutputClosed = false
    /// Whether the server ends: no further request is taken, and no client is waited for.
    private(set) var isQuiescing = false
    private(set) var isRouteInstalled = false
    private(set) var holdsPlace = false
    /// The number of the request that is being answered. Late answers to earlier requests are ignored.
    private(set) var requestNumber: UInt32 = 0
    /// The session whose GET waits for an answer.
    private(set) var polledSession: SessionID?
    /// The bytes counted for the request's body, until it is answered.
    var heldBodyBytes = 0
    /// How many of them a route has got.
    var routeBodyBytes = 0
    var requestsThisTurn = 0
    var isResumeScheduled = false

    var deadline = RequestDeadline()
    var stall = StallWatch()
    /// Answers that were written but are not completely in the kernel.
    var unsentAnswers = 0
    /// Whether the connection has waited for the client since the last action.
    var isClientsTurn = false

    init(limits: Limits, path: EnginePath) {
        self.limits = limits
        self.path = path
    }

    // MARK: Actions

    /// The next action. Nil until the next input.
    mutating func next() -> Action? {
        while true {
            if let action = actions.popFirst() { return action }
            guard advance() else { return actions.popFirst() }
        }
    }

    /// Takes one step with the waiting parts. Returns whether there was one.
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

    /// The peer has ended its stream and all its requests are answered: the connection ends when the answers have left.
    private mutating func endAfterLastRequest() -> Bool {
        switch phase {
        case .idle: if unsentAnswers > 0 { return false }
        case .collecting, .draining, .upgrading, .switching: break
        // The answer is still to come. A route notices the end by itself.
        case .answering, .passing, .finished: return false
        }
        close()
        return true
    }

    /// After the last answer.
    private mutating func finish() -> Bool {
        if isLastAnswerWritten, isInputClosed {
            // Not while an answer waits in memory: a channel with a closed input ends at once and would drop it.
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

    /// The connection is open. `hasPlace` says whether it has a place among the connections.
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

    /// Passes the place on to the WebSocket's handler, or takes it back.
    mutating func takePlace() -> Bool {
        defer { holdsPlace = false }
        return holdsPlace
    }

    /// The peer has ended its stream. Its earlier requests are answered.
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

    /// The server ends: an answer under way is completed, and everything else is cut short.
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

    /// A handler below reported an error.
    mutating func failed() { close() }

    // MARK: Upgrade

    /// Another loop decides about the upgrade: ``answer(_:to:)`` refuses it, ``switchProtocols()`` carries it out.
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

    /// The WebSocket's handler has taken over. Returns whether it takes the connection's place too. Nil if the connection has ended.
    mutating func handOver() -> Bool? {
        guard phase == .switching else { return nil }
        phase = .finished
        return takePlace()
    }

    // MARK: Requests

    mutating func beginRequest() { requestNumber &+= 1 }

    /// This request is a GET that may wait for its session.
    mutating func polls(_ sid: SessionID) { polledSession = sid }

    mutating func endPoll() { polledSession = nil }

    mutating func beginRoute() {
        guard !isRouteInstalled else { return }
        isRouteInstalled = true
        actions.append(.installRoute)
    }

    /// The handlers of routes could not be added.
    mutating func routeFailed() {
        isRouteInstalled = false
        actions.removeAll { if case .forward = $0 { true } else { false } }
        close()
    }
}
