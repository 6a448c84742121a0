import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer
import SocketIOTesting
import Testing

@testable import LoadTesting

/// Servers that lie, stall and break: the report has to tell exactly what they did.
@Suite("Truth about odd servers", .timeLimit(.minutes(10)))
struct TruthTests {
    private static let webSocket = "socketio: {transports: [websocket]}"

    @Test("a stall shows in the response time of all messages that were due, not in the service time of those behind it")
    func stall() async throws {
        let io = SocketIO(configuration: SocketIOConfiguration().patient)
        let numbers = NIOLockedValueBox(0)
        io.onConnection { socket in
            socket.on("echo") { request in
                let number = numbers.withLockedValue { count in
                    count += 1
                    return count
                }
                guard number == 20 else {
                    request.acknowledge?(true)
                    return
                }
                // One second in which nothing is answered.
                let acknowledge = request.acknowledge
                request.socket.eventLoop.scheduleTask(in: .seconds(1)) { acknowledge?(true) }
            }
        }
        let report = try await withTestServer(io) { server in
            try await play(
                flow(
                    "- loop: [{emit: echo, acknowledge: true}]\n  count: 150\n  pace: 10ms", config: users(1, Self.webSocket)),
                url: "http://\(server.host):\(server.port)")
        }
        #expect(report.verdict.exitStatus == .passed)
        let response = try #require(report.histograms["socketio.response_time"])
        let service = try #require(report.histograms["socketio.service_time"])
        #expect(response.count == 150 && service.count == 150)
        func slow(_ histogram: LatencyHistogram) -> Int { 150 - Int((histogram.share(atOrBelow: 500) * 150).rounded()) }
        // Due each 10 ms: some 50 messages were at least half a second late when the stall was over.
        #expect(slow(response) >= 45)
        // One, and those that a busy machine makes slow itself.
        #expect(slow(service) >= 1 && slow(service) * 3 < slow(response))
    }

    @Test("the audit names the exact numbers that were dropped, doubled and swapped, and nothing else")
    func audit() async throws {
        let io = SocketIO(configuration: SocketIOConfiguration().patient)
        let state = NIOLockedValueBox<(number: Int, held: String?)>((0, nil))
        io.onConnection { socket in
            socket.on("join") { request in
                request.socket.join("room")
                request.acknowledge?(true)
            }
            socket.on("end") { request in request.socket.emit("ended") }
            socket.on("say") { [io] request in
                let text = request.arguments.first.string ?? ""
                let texts: [String] = state.withLockedValue { state in
                    state.number += 1
                    if state.number == 250 {
                        state.held = text
                        return []
                    }
                    if let held = state.held.take() { return [text, held] }
                    if state.number % 200 == 0 { return [text, text] }
                    return state.number % 100 == 0 ? [] : [text]
                }
                for text in texts { io.to("room").emit("said", text) }
            }
        }
        let report = try await withTestServer(io) { server in
            try await play(
                flow(
                    """
                    - emit: join
                      acknowledge: true
                    - loop: [{emit: [say, "{{ $auditTag('Raum ü~') }}"]}]
                      count: 600
                    # Answered behind all that was said.
                    - emit: end
                      response: {channel: ended}
                    """, config: users(1, Self.webSocket)), url: "http://\(server.host):\(server.port)")
        }
        let audit = try #require(report.audit)
        #expect(audit.rooms.map(\.room) == ["Raum ü~"])
        #expect(audit.lost.map(\.sequence) == [100, 300, 500])
        #expect(audit.doubled.map(\.sequence) == [200, 400, 600])
        #expect(audit.outOfOrder.map(\.sequence) == [250])
    }

    /// Engine.IO and Socket.IO in a few lines: opens, joins any namespace, acknowledges.
    private static func socketIO() -> OddServer.Answer {
        let open = #"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}"#
        return .webSocket(greeting: [open]) { text in
            let rest = text.dropFirst(2)
            let namespace = rest.hasPrefix("/") ? String(rest.prefix { $0 != "," }) + "," : ""
            if text.hasPrefix("40") { return ["40\(namespace){\"sid\":\"y\"}"] }
            let id = rest.dropFirst(namespace.count).prefix { $0.isNumber }
            return text.hasPrefix("42") && !id.isEmpty ? ["43\(namespace)\(id)[true]"] : []
        }
    }

    @Test("users who share namespaces have one connection each")
    func sharedNamespaces() async throws {
        try await OddServer.with { _ in
            Self.socketIO()
        } _: { server in
            let report = try await play(
                flow(
                    """
                    - emit: first
                      namespace: /admin
                      acknowledge: true
                    - emit: second
                      acknowledge: true
                    - emit: third
                      namespace: /admin
                      acknowledge: true
                    """, config: users(5, Self.webSocket)), url: server.url)
            #expect(report.verdict.exitStatus == .passed, "\(report.aggregate.counters)")
            #expect(report.aggregate.summaries["socketio.acknowledgement_time"]?.count == 15)
            #expect(server.connections == 5 && report.aggregate.counter(.connects) == 5)
        }
    }

    @Test("half of the connections refused, reset or closed: half of the users fail, the others are measured")
    func halfBroken() async throws {
        for broken in [OddServer.Answer.close, .reset, .response(status: 503, closes: true)] {
            try await OddServer.with(
                accept: { number in
                    if number % 2 == 1 { return nil }
                    if case .response = broken { return nil }
                    return broken
                },
                answer: { [count = Counter()] _ in
                    if case .response = broken, count.next() % 2 == 0 { return broken }
                    return Self.socketIO()
                }
            ) { server in
                let report = try await play(
                    flow("- emit: hello\n  acknowledge: true", config: users(20, Self.webSocket)), url: server.url)
                #expect(report.aggregate.counter(.failed) == 10 && report.aggregate.counter(.completed) == 10)
                #expect(report.aggregate.counter(.connectFailures) == 10 && report.aggregate.counter(.connects) == 10)
                let errors = report.aggregate.counters.filter { $0.key.hasPrefix("errors.connect: ") }
                #expect(errors.values.reduce(0, +) == 10, "\(errors)")
                #expect(report.aggregate.summaries["socketio.response_time"]?.count == 10)
                #expect(report.verdict.exitStatus == .failed)
            }
        }
    }

    private final class Counter: Sendable {
        private let count = NIOLockedValueBox(0)
        func next() -> Int {
            self.count.withLockedValue { count in
                defer { count += 1 }
                return count
            }
        }
    }

    @Test("connections that are closed in the middle are disconnects, and the run ends")
    func closedInTheMiddle() async throws {
        try await OddServer.with { _ in
            guard case .webSocket(let chosen, let greeting, let message) = Self.socketIO() else { return .close }
            return .webSocket(subprotocol: chosen, greeting: greeting) { $0.hasPrefix("42") ? nil : message($0) }
        } _: { server in
            let report = try await play(flow("- emit: a\n- think: 600", config: users(4, Self.webSocket)), url: server.url)
            #expect(report.aggregate.counter(.disconnects) == 4 && report.aggregate.counter(.failed) == 4)
        }
    }

    @Test("a starved generator says so in the first line")
    func starved() async throws {
        let report = try await OddServer.with { _ in
            Self.socketIO()
        } _: { server in
            var settings = ScriptOptions()
            settings.target = server.url
            let script = try parse(
                flow("- loop: [{log: x}, {think: 10ms}]\n  count: 10", config: users(1, Self.webSocket)), options: settings)
            var observer = LoadRunObserver()
            observer.log = { _ in
                // Takes the event loop's time away.
                let end = ContinuousClock.now + .milliseconds(200)
                while ContinuousClock.now < end {}
            }
            return try await LoadRun(
                script, payloads: PayloadRows(), options: LoadRunOptions(seed: 1, startedAtMilliseconds: 0), observer: observer
            ).run()
        }
        #expect(report.headlines.first?.hasPrefix("the generator may have distorted the result") == true)
        #expect(report.health?.findings.contains { $0.contains("event loops") } == true)
    }

    @Test(
        "events are errors by their last word",
        arguments: [
            ("error", true), ("chat:error", true), ("join_failed", true), ("authError", true), ("auth.DENIED", true),
            ("validation-errors", true),
            ("exception", true), ("terror", false), ("error:cleared", false), ("quiz:joined", false), ("scores", false), ("", false),
        ])
    func errorNames(name: String, isError: Bool) {
        #expect(VirtualUser.isErrorEvent(name) == isError)
    }
}
