import Foundation
import NIOConcurrencyHelpers
import SocketIOServer
import SocketIOTesting
import Testing

@testable import LoadTesting

/// Scripts played against a real server in this process, over TCP.
@Suite("Live load runs", .timeLimit(.minutes(10)))
struct LiveLoadRunTests {
    /// A server that echoes, pushes to a room, refuses, forgets to answer, and counts what it gets.
    private final class Counts: Sendable {
        let events = NIOLockedValueBox<[String: Int]>([:])
        func add(_ name: String) { events.withLockedValue { $0[name, default: 0] += 1 } }
        subscript(name: String) -> Int { events.withLockedValue { $0[name] ?? 0 } }
    }

    private func server(_ counts: Counts, dropping: Set<Int> = [], doubling: Set<Int> = []) -> SocketIO {
        let io = SocketIO(configuration: SocketIOConfiguration().patient)
        let pushes = NIOLockedValueBox(0)
        io.onConnection { socket in
            counts.add("connect")
            socket.on("echo") { request in
                counts.add("echo")
                request.acknowledge?(request.arguments)
            }
            socket.on("join") { request in
                request.socket.join("room")
                request.socket.emit("joined", true)
            }
            socket.on("say") { [io] request in
                counts.add("say")
                let number = pushes.withLockedValue { count in
                    count += 1
                    return count
                }
                if dropping.contains(number) { return }
                io.to("room").emit("said", request.arguments.first)
                if doubling.contains(number) { io.to("room").emit("said", request.arguments.first) }
            }
            socket.on("silent") { _ in counts.add("silent") }
            socket.on("refused") { request in request.socket.emit("refused:error", JSONObject { $0.field("message", "no") }) }
            socket.on("crash") { $0.socket.disconnect(close: true) }
        }
        return io
    }

    @Test("counts are those of the server, to the message", arguments: ["websocket", "polling"])
    func exactCounts(transport: String) async throws {
        let counts = Counts()
        let report = try await withTestServer(server(counts)) { server in
            try await play(
                flow(
                    "- loop: [{emit: [echo, {n: \"{{ $loopCount }}\"}], acknowledge: {match: {json: $.0.n, value: \"{{ $loopCount }}\"}}}]\n  count: 20",
                    config: "phases: [{duration: 0.2, arrivalCount: 10}]\nsocketio: {transports: [\(transport)]}"),
                url: "http://\(server.host):\(server.port)")
        }
        #expect(counts["connect"] == 10 && counts["echo"] == 200)
        #expect(report.aggregate.counter(.created) == 10 && report.aggregate.counter(.completed) == 10)
        #expect(report.aggregate.counter(.emits) == 200)
        #expect(report.aggregate.summaries["socketio.response_time"]?.count == 200)
        #expect(report.aggregate.summaries["socketio.connect_time"]?.count == 10)
        #expect(report.verdict.exitStatus == .passed)
        // A busy machine may say so of itself; nothing else is to be said.
        #expect(report.headlines.allSatisfy { $0.hasPrefix("the generator") })
        #expect(report.intermediate.reduce(0) { $0 + $1.counter(.emits) } == 200)
    }

    @Test("the audit names exactly the messages that a server dropped and doubled")
    func audit() async throws {
        let counts = Counts()
        let io = server(counts, dropping: [10, 20], doubling: [15])
        let report = try await withTestServer(io) { server in
            try await play(
                flow(
                    """
                    - emit: join
                      response: {channel: joined}
                    - loop:
                        - emit: [say, "{{ $auditTag('r') }}"]
                        - think: 10ms
                      count: 30
                    # Answered behind all that was said.
                    - emit: join
                      response: {channel: joined}
                    """, config: "phases: [{duration: 0.01, arrivalCount: 1}]\nsocketio: {transports: [websocket]}"),
                url: "http://\(server.host):\(server.port)")
        }
        let audit = try #require(report.audit)
        #expect(audit.lost.map(\.sequence) == [10, 20])
        #expect(audit.doubled.map(\.sequence) == [15])
        #expect(audit.rooms.map { [$0.sent, $0.delivered] } == [[30, 28]])
        #expect(report.aggregate.counters["audit.lost"] == 2)
    }

    @Test("an acknowledgement that never comes ends the run at the time-out, with status 1")
    func neverAcknowledged() async throws {
        let counts = Counts()
        let report = try await withTestServer(server(counts)) { server in
            try await play(
                flow("- emit: silent\n  acknowledge: {timeout: 0.2}", config: "phases: [{duration: 0.01, arrivalCount: 3}]"),
                url: "http://\(server.host):\(server.port)")
        }
        #expect(report.aggregate.counters["errors.acknowledgement timeout"] == 3)
        #expect(report.verdict.exitStatus == .failed)
        #expect(report.headlines.first?.contains("nothing worked") == true)
    }

    @Test("a server that answers everything with an error event is named before the figures")
    func errorEvents() async throws {
        let report = try await withTestServer(server(Counts())) { server in
            try await play(
                flow("- emit: refused\n  response: {channel: \"refused:error\"}", config: "phases: [{duration: 0.01, arrivalCount: 5}]"),
                url: "http://\(server.host):\(server.port)")
        }
        #expect(report.aggregate.counters["socketio.error_events.refused:error: no"] == 5)
        #expect(report.headlines.first?.contains("5 of 5 messages with an error event") == true)
    }

    @Test("connections that the server closes are disconnects with their reason")
    func disconnects() async throws {
        let report = try await withTestServer(server(Counts())) { server in
            try await play(
                flow("- emit: crash\n- think: 600", config: "phases: [{duration: 0.01, arrivalCount: 4}]"),
                url: "http://\(server.host):\(server.port)")
        }
        #expect(report.aggregate.counter(.disconnects) == 4 && report.aggregate.counter(.failed) == 4)
    }

    @Test("a target that nobody reaches has the status 3")
    func unreachable() async throws {
        // No port that the system hands out: another test might get it meanwhile.
        let report = try await play(
            flow("- emit: x", config: "phases: [{duration: 0.01, arrivalCount: 2}]"), url: "http://127.0.0.1:1")
        #expect(report.verdict.exitStatus == .unreachable)
        #expect(report.aggregate.counters["errors.connect: connection refused"] == 2)
        #expect(report.headlines.first?.contains("never reached") == true)
    }

    @Test("stop ends everybody, and the report has what was measured until then")
    func stopping() async throws {
        let counts = Counts()
        let report = try await withTestServer(server(counts)) { server in
            var settings = ScriptOptions()
            settings.target = "http://\(server.host):\(server.port)"
            let script = try parse(
                flow(
                    "- emit: echo\n  acknowledge: true\n- emit: join\n- think: 600",
                    config: "timeout: 600\nphases: [{duration: 600, users: 3}]"),
                options: settings)
            var observer = LoadRunObserver()
            let run = NIOLockedValueBox<LoadRun?>(nil)
            observer.progress = { snapshot in
                if snapshot.received == 3 { run.withLockedValue { $0?.stop() } }
            }
            let options = LoadRunOptions(seed: 1, startedAtMilliseconds: 0)
            let load = LoadRun(script, payloads: PayloadRows(), options: options, observer: observer)
            run.withLockedValue { $0 = load }
            return try await load.run()
        }
        #expect(report.aggregate.counter(.completed) == 3 && report.aggregate.counter(.failed) == 0)
        #expect(counts["echo"] == 3)
    }

    @Test("a journey file is played as the document's runner does it, and its users stay")
    func journey() async throws {
        let counts = Counts()
        let report = try await withTestServer(server(counts)) { server in
            let configuration = LoadTestConfiguration(
                targetURL: "http://\(server.host):\(server.port)", maximumConcurrentUsers: 4, rampUpDuration: .milliseconds(100),
                testDuration: .seconds(600),
                userJourneys: [UserJourney(name: "a", weight: 1, steps: [.emit(event: "join", data: [:]), .expect(event: "joined")])])
            let run = NIOLockedValueBox<LoadRun?>(nil)
            var observer = LoadRunObserver()
            observer.progress = { snapshot in
                if snapshot.received == 4, snapshot.activeUsers == 4 { run.withLockedValue { $0?.stop() } }
            }
            let load = LoadRun(
                try configuration.script(), payloads: PayloadRows(), options: LoadRunOptions(seed: 1, startedAtMilliseconds: 0),
                observer: observer)
            run.withLockedValue { $0 = load }
            return try await load.run()
        }
        let metrics = LoadTestMetrics(report)
        #expect(
            metrics.connectionsSuccessful == 4 && metrics.messagesSent == 4 && metrics.messagesReceived == 4 && metrics.errorsCount == 0)
    }
}
