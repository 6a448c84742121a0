import EngineIOCore
import NIOCore
import NIOHTTP1
import Testing

@testable import SocketIOServer

/// Performs what a machine decides without a channel, and watches the rules that hold whatever happens.
private struct FrontOwner {
    var machine: HTTPFrontMachine
    private(set) var log: [HTTPFrontMachine.Action] = []
    private(set) var violations: [String] = []
    private var isEnded = false
    private var dispatched = 0
    private var answered = 0
    private var places = 0
    private var outputsClosed = 0
    private var heldBytes = 0

    init() {
        let limits = HTTPFrontMachine.Limits(
            maximumBodyBytes: 10, maximumDrainedBytes: 40, maximumWaitingParts: 4, maximumWaitingBytes: 8_000, requestsPerTurn: 2,
            smallBodyBytes: 4, requestTimeout: .seconds(9))
        machine = HTTPFrontMachine(limits: limits, path: EnginePath("/socket.io/"))
    }

    mutating func feed(_ input: FrontInput) {
        let before = log.count
        input.apply(to: &machine)
        while let action = machine.next() { perform(action) }
        if machine.next() != nil { violations.append("an action behind the last one") }
        if machine.unsentAnswers < 0 { violations.append("answers went that were not written") }
        if machine.waitingBytes < 0 || machine.waiting.isEmpty != (machine.waitingBytes == 0) {
            violations.append("waiting bytes are wrong")
        }
        if machine.heldBodyBytes != heldBytes || (heldBytes > 0 && !machine.keepsBody) { violations.append("the body's memory is wrong") }
        if machine.waiting.count > 4 { violations.append("too much waits") }
        if machine.isReadHeld, !machine.isInputClosed, machine.isReadyForPart, machine.waiting.isEmpty, !isEnded {
            violations.append("a read was forgotten")
        }
        if log.count - before > 60 { violations.append("too much work for one input") }
    }

    private mutating func perform(_ action: HTTPFrontMachine.Action) {
        log.append(action)
        switch action {
        case .dispatch, .refuseLargeBody, .forward, .respond, .installRoute, .writeContinue:
            if isEnded { violations.append("\(action) behind the end") }
        default: break
        }
        switch action {
        case .dispatch, .refuseLargeBody:
            if dispatched != answered { violations.append("a request is taken before the one before it is answered") }
            dispatched += 1
            if case .refuseLargeBody = action {
                machine.answer(EngineAnswer(status: .payloadTooLarge, headers: [:], body: ByteBuffer()), to: machine.requestNumber)
            }
        case .respond(let head, _):
            if head.status != .badRequest || head.headers["x-asked"] == ["yes"] { answered += 1 }
            if answered > dispatched { violations.append("an answer without a request") }
        case .close, .abort: isEnded = true
        case .closeOutput:
            outputsClosed += 1
            if outputsClosed > 1 { violations.append("the output is closed twice") }
        case .releasePlace:
            places += 1
            if places > 1 { violations.append("a place is given back twice") }
        case .holdBody(let bytes, let before):
            if before != heldBytes { violations.append("the body's memory is given back wrongly") }
            heldBytes = bytes
        case .armDeadline: _ = machine.armDeadline(now: .uptimeNanoseconds(1))
        case .watchStall: _ = machine.watchStall(waitingBytes: 1)
        default: break
        }
    }

    mutating func noteEnd() { isEnded = true }
}

private enum FrontInput: CaseIterable {
    case open, openWithoutPlace, get, post, largePost, withoutHost, lastRequest, route, upgrade, body, largeBody, hugeBody, end, read,
        readComplete
    case poll, answer, lastAnswer, lateAnswer, beginUpgrade, switchProtocols, handOver, routeEnd, routeFails, answerHasGone, writable,
        unwritable
    case malformed, inputClosed, quiesce, graceOver, failed, inactive, turn, deadline, stall

    /// The session that is polled.
    static let sid = SessionID(random: (1, 2), shard: 0)

    static func head(_ method: HTTPMethod, _ target: String, _ fields: HTTPHeaders = [:]) -> HTTPServerRequestPart {
        var headers = fields
        if headers["no-host"].isEmpty { headers.add(name: "Host", value: "x") }
        return .head(HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: headers))
    }

    func apply(to machine: inout HTTPFrontMachine) {
        let engine = "/socket.io/?EIO=4"
        switch self {
        case .open: if !machine.holdsPlace, machine.phase != .finished { machine.opened(hasPlace: true) }
        case .openWithoutPlace: if !machine.holdsPlace { machine.opened(hasPlace: false) }
        case .get: machine.received(Self.head(.GET, engine))
        case .post: machine.received(Self.head(.POST, engine, ["Expect": "100-continue"]))
        case .largePost: machine.received(Self.head(.POST, engine, ["Content-Length": "11"]))
        case .withoutHost: machine.received(Self.head(.GET, engine, ["no-host": "1"]))
        case .lastRequest: machine.received(Self.head(.GET, engine, ["Connection": "close"]))
        case .route: machine.received(Self.head(.GET, "/"))
        case .upgrade: machine.received(Self.head(.GET, engine, ["Upgrade": "websocket", "Connection": "Upgrade"]))
        case .body: machine.received(.body(ByteBuffer(repeating: 1, count: 10)))
        case .largeBody: machine.received(.body(ByteBuffer(repeating: 1, count: 11)))
        case .hugeBody: machine.received(.body(ByteBuffer(repeating: 1, count: 41)))
        case .end: machine.received(.end(nil))
        case .read: machine.readRequested()
        case .readComplete: machine.readComplete()
        case .poll: if case .answering = machine.phase { machine.polls(Self.sid) }
        case .answer: machine.answer(Self.answer(), to: machine.requestNumber)
        case .lastAnswer: machine.answer(Self.answer(closes: true), to: machine.requestNumber)
        case .lateAnswer: machine.answer(Self.answer(), to: machine.requestNumber &- 1)
        case .beginUpgrade: machine.beginUpgrade()
        case .switchProtocols: _ = machine.switchProtocols()
        case .handOver: _ = machine.handOver()
        case .routeEnd: if machine.takesRouteParts { machine.routeEnded() }
        case .routeFails: if machine.isRouteInstalled { machine.routeFailed() }
        case .answerHasGone: if machine.unsentAnswers > 0 { machine.answerHasGone() }
        case .writable: machine.writabilityChanged(isWritable: true)
        case .unwritable: machine.writabilityChanged(isWritable: false)
        case .malformed: machine.malformed(.badRequest)
        case .inputClosed: machine.inputClosed()
        case .quiesce: machine.quiesce()
        case .graceOver: machine.graceOver()
        case .failed: machine.failed()
        case .inactive: machine.inactive()
        case .turn: machine.turnBegan()
        case .deadline: _ = machine.deadlineDue(now: .uptimeNanoseconds(10_000_000_001))
        case .stall: _ = machine.stallDue(waitingBytes: 1)
        }
    }

    private static func answer(closes: Bool = false) -> EngineAnswer {
        EngineAnswer(status: .ok, headers: ["x-asked": "yes"], body: ByteBuffer(string: "ok"), closes: closes)
    }
}

@Suite("The HTTP front's machine")
struct HTTPFrontMachineTests {
    private func owner(_ inputs: FrontInput...) -> FrontOwner {
        var owner = FrontOwner()
        for input in [.open] + inputs { owner.feed(input) }
        return owner
    }

    /// A way into every phase, and into the states beside the phase that change what an input means.
    private static let ways: [[FrontInput]] = [
        [], [.open], [.open, .post], [.open, .largePost], [.open, .get, .end], [.open, .get, .end, .poll], [.open, .route],
        [.open, .route, .end],
        [.open, .route, .routeEnd], [.open, .upgrade, .end, .beginUpgrade], [.open, .upgrade, .end, .switchProtocols],
        [.open, .lastRequest, .end, .answer], [.open, .unwritable], [.open, .get, .end, .get, .end], [.open, .get, .end, .malformed],
        [.open, .get, .end, .inputClosed], [.open, .get, .end, .quiesce], [.open, .get, .end, .answer, .get, .end, .answer],
        [.open, .get, .end, .read], [.open, .inactive],
    ]

    @Test("three inputs in any order, in every phase, break no rule", arguments: ways.indices)
    func enumeration(way: Int) {
        let prefix = owner(after: Self.ways[way])
        for first in FrontInput.allCases {
            var one = prefix
            one.feed(first)
            for second in FrontInput.allCases {
                var two = one
                two.feed(second)
                for third in Self.last {
                    var three = two
                    three.feed(third)
                    guard three.violations.isEmpty else {
                        Issue.record("\(Self.ways[way] + [first, second, third]): \(three.violations)")
                        return
                    }
                }
            }
        }
    }

    private func owner(after inputs: [FrontInput]) -> FrontOwner {
        var owner = FrontOwner()
        for input in inputs { owner.feed(input) }
        return owner
    }

    /// Inputs that move on what the two before them left half done.
    private static let last: [FrontInput] = [
        .get, .end, .read, .answer, .routeEnd, .answerHasGone, .writable, .malformed, .inputClosed, .quiesce, .inactive, .turn,
    ]

    @Test("whatever came before, the end of the connection leaves nothing", arguments: ways.indices)
    func end(way: Int) {
        for first in FrontInput.allCases {
            for second in FrontInput.allCases {
                var owner = FrontOwner()
                let inputs = Self.ways[way] + [first, second, .inactive]
                for input in inputs { owner.feed(input) }
                let machine = owner.machine
                let isClean =
                    machine.phase == .finished && !machine.holdsPlace && machine.waiting.isEmpty && machine.waitingBytes == 0
                    && machine.polledSession == nil && machine.request == nil
                guard isClean else {
                    Issue.record("\(inputs) leave \(machine)")
                    return
                }
            }
        }
    }

    @Test("whatever came before, a connection whose grace is over is ended", arguments: ways.indices)
    func grace(way: Int) {
        for input in FrontInput.allCases where input != .inactive {
            var owner = FrontOwner()
            for input in Self.ways[way] + [input, .graceOver] { owner.feed(input) }
            #expect(owner.log.contains(.abort) && owner.machine.phase == .finished, "\(Self.ways[way]) \(input)")
        }
    }

    @Test("a request is taken when the one before it is answered, and answered once")
    func order() {
        var owner = owner(.get, .end, .get, .end)
        #expect(owner.log.filter(\.isDispatch).count == 1)
        owner.feed(.answer)
        #expect(owner.log.filter(\.isDispatch).count == 2)
        owner.feed(.lateAnswer)
        #expect(owner.log.filter(\.isResponse).count == 1, "to the first, which has its answer")
        owner.feed(.answer)
        owner.feed(.answer)
        #expect(owner.log.filter(\.isResponse).count == 2)
    }

    @Test("a peer that sends no more gets the answers to what it sent, and then the end")
    func inputClosed() {
        var owner = owner(.get, .end, .get, .end, .inputClosed)
        #expect(!owner.log.contains(.close))
        owner.feed(.answer)
        #expect(!owner.log.contains(.close), "the second is not answered")
        owner.feed(.answer)
        owner.feed(.answerHasGone)
        #expect(!owner.log.contains(.close), "an answer waits in memory")
        owner.feed(.answerHasGone)
        #expect(owner.log.last == .close)
    }

    @Test("a GET that waits is given up with its client, once")
    func abandonedPoll() {
        var owner = owner(.get, .end, .poll, .inputClosed, .inactive)
        #expect(owner.log.filter { $0 == .abortPoll(sid: FrontInput.sid) }.count == 1)
        owner.feed(.answer)
        #expect(owner.log.filter(\.isResponse).isEmpty)
    }

    @Test(
        "a route sees the host that the target names, and not the field",
        arguments: [
            ("/x", "field.example"), ("//target.example/x", "field.example"), ("http://target.example/x", "target.example"),
            ("http://target.example:80", "target.example:80"), ("http://user@target.example/x", nil),
        ])
    func hostOfTarget(target: String, host: String?) {
        var machine = HTTPFrontMachine(limits: .init(SocketIOConfiguration()), path: EnginePath("/socket.io/"))
        machine.received(.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: ["Host": "field.example"])))
        var routed: [[String]] = []
        while let action = machine.next() {
            if case .forward(.head(let head)) = action { routed.append(head.headers["host"]) }
        }
        #expect(routed == (host.map { [[$0]] } ?? []))
    }

    @Test("what waits counts with its overhead, the fields behind a body too")
    func costs() {
        let fields = HTTPHeaders([("a", "bcd"), ("e", "")])
        #expect(HTTPFrontMachine.cost(of: .end(fields)) - HTTPFrontMachine.cost(of: .end(nil)) == 2 * 64 + 5)
        let head = HTTPFrontMachine.cost(of: FrontInput.head(.GET, "/"))
        #expect(HTTPFrontMachine.cost(of: FrontInput.head(.GET, "/", fields)) - head == 2 * 64 + 5)
    }

    @Test("requests that come in reads of their own need no second turn")
    func ownTurns() {
        let owner = owner(.get, .end, .answer, .get, .end, .answer, .readComplete, .get, .end)
        #expect(owner.log.filter(\.isDispatch).count == 3)
        #expect(!owner.log.contains(.resumeLater))
    }

    @Test("after so many requests in a turn the rest waits for a later one")
    func fairShare() {
        var owner = owner(.get, .end, .answer, .get, .end, .answer, .get, .end)
        #expect(owner.log.filter(\.isDispatch).count == 2)
        #expect(owner.log.filter { $0 == .resumeLater }.count == 1)
        owner.feed(.read)
        #expect(!owner.log.contains(.read))
        owner.feed(.turn)
        #expect(owner.log.filter(\.isDispatch).count == 3)
    }

    @Test("so many parts may wait, and one more ends the connection")
    func waitingParts() {
        var owner = owner(.get, .end, .get, .end, .get, .end)
        #expect(owner.machine.waiting.count == 4 && !owner.log.contains(.abort))
        owner.feed(.get)
        #expect(owner.log.last == .abort && owner.machine.waiting.isEmpty)
    }

    @Test("so many bytes may wait, and more end the connection; what was taken makes room again")
    func waitingBytes() {
        var machine = owner(.get, .end).machine
        let room = 8_000 - HTTPFrontMachine.cost(of: .body(ByteBuffer()))
        machine.received(.body(ByteBuffer(repeating: 1, count: room)))
        #expect(machine.waitingBytes == 8_000 && machine.phase != .finished)
        FrontInput.answer.apply(to: &machine)
        while machine.next() != nil {}
        #expect(machine.waitingBytes == 0, "a body without a head is dropped")
        FrontInput.get.apply(to: &machine)
        FrontInput.end.apply(to: &machine)
        while machine.next() != nil {}
        machine.received(.body(ByteBuffer(repeating: 1, count: room)))
        #expect(machine.phase != .finished, "as much fits again")
        machine.received(.end(nil))
        #expect(machine.phase == .finished)
    }

    @Test("the time for the next request begins when the last answer has left the memory")
    func deadline() {
        var owner = owner(.get, .end, .answer)
        #expect(owner.log.last == .watchStall)
        owner.feed(.answerHasGone)
        #expect(owner.log.last == .armDeadline)
        var machine = owner.machine
        let early = machine.deadlineDue(now: .uptimeNanoseconds(9_000_000_000))
        #expect(early == .uptimeNanoseconds(9_000_000_001) && machine.next() == nil)
        let due = machine.deadlineDue(now: .uptimeNanoseconds(9_000_000_001))
        #expect(due == nil && machine.next() == .abort)
    }

    @Test(
        "a request without Host, or with two, gets 400 and the end",
        arguments: [[], ["a", "b"], ["a", "a"], ["a b"], ["a:b"], ["a/"], ["é"], ["a:65536"], ["a:000080"], ["a:1:1"]])
    func host(fields: [String]) {
        for version in [HTTPVersion.http1_1, .http1_0] where fields != [] || version == .http1_1 {
            var machine = owner().machine
            let headers = HTTPHeaders(fields.map { ("Host", $0) })
            machine.received(.head(HTTPRequestHead(version: version, method: .GET, uri: "/", headers: headers)))
            guard case .respond(let head, _) = machine.next() else {
                Issue.record("\(version) \(fields) is taken")
                continue
            }
            #expect(head.status == .badRequest && head.headers["connection"] == ["close"])
        }
    }

    @Test(
        "other hosts are well formed", arguments: ["a", "A.example:80", "a:", "127.0.0.1:1", "a:65535", "[::1]:65535", "", "a_b", "a%20b"])
    func goodHost(field: String) {
        var machine = owner().machine
        machine.received(.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": field])))
        #expect(machine.next() == .installRoute)
    }
}

extension HTTPFrontMachine.Action {
    fileprivate var isDispatch: Bool { if case .dispatch = self { true } else { false } }
    fileprivate var isResponse: Bool { if case .respond = self { true } else { false } }
}
