import Testing

@testable import LoadTesting

@Suite("Journeys")
struct JourneyTests {
    static let document = """
        {"targetUrl": "http://localhost:3001", "maxConcurrentUsers": 100, "rampUpDuration": 60, "testDuration": 300, "userJourneys": [
          {"name": "Quiz Participant", "weight": 80, "steps": [
            {"type": "emit", "event": "auth", "data": {"token": "test_token"}},
            {"type": "expect", "expectedEvent": "auth:success", "timeout": 5000},
            {"type": "wait", "duration": 2000},
            {"type": "emit", "event": "quiz:leave"}]},
          {"name": "Observer", "weight": 20, "steps": [{"type": "wait", "duration": 300000}]}]}
        """

    private func parsed(_ text: String) throws -> Script { try LoadTestConfiguration.parse(text, file: "journeys.json") }

    @Test("the document's configuration is a script: a hundred users in a minute, weighted")
    func document() throws {
        let script = try parsed(Self.document)
        #expect(script.scenarios.map(\.name) == ["Quiz Participant", "Observer"])
        #expect(script.scenarios.map(\.weight) == [80, 20])
        #expect(script.configuration.phases.map(\.load) == [.count(100), .pause])
        #expect(script.configuration.phases.map(\.duration) == [.seconds(60), .seconds(300)])
        #expect(script.configuration.socketIO.transports == [.websocket])
    }

    @Test("a journey is played: emit with _sentAt, expect, wait, then the user stays; echoes of _sentAt are the latency")
    func playing() throws {
        var play = FakePlay(try parsed(Self.document))
        play.connect(after: .milliseconds(5))
        #expect(play.packets == ["[\"auth\",{\"token\":\"test_token\",\"_sentAt\":5}]"])
        #expect(play.user.deadline == RunInstant(nanoseconds: 5_005_000_000))
        try play.push("[\"auth:success\",{\"_sentAt\":5}]", after: .milliseconds(3))
        #expect(play.histogram("socketio.latency")?.maximum == 3)
        play.timer()
        #expect(play.packets.last == "[\"quiz:leave\"]")
        #expect(play.user.outcome == nil)
        play.input(.stop)
        #expect(play.user.outcome == .completed)
    }

    @Test("an event that does not come within its milliseconds fails the user")
    func timeout() throws {
        var play = FakePlay(try parsed(Self.document))
        play.connect()
        play.timer()
        #expect(play.user.outcome == .failed("response timeout"))
    }

    @Test("the API gives the same script as the file")
    func api() throws {
        let configuration = LoadTestConfiguration(
            targetURL: "http://localhost:3001", maximumConcurrentUsers: 100, rampUpDuration: .seconds(60), testDuration: .seconds(300),
            userJourneys: [
                UserJourney(
                    name: "Quiz Participant", weight: 80,
                    steps: [
                        .emit(event: "auth", data: ["token": "test_token"]), .expect(event: "auth:success"), .wait(.seconds(2)),
                        .emit(event: "quiz:leave"),
                    ]),
                UserJourney(name: "Observer", weight: 20, steps: [.wait(.seconds(300))]),
            ])
        let script = try configuration.script()
        #expect(script.stepLabels == (try parsed(Self.document)).stepLabels)
        var play = FakePlay(script)
        play.connect(after: .milliseconds(5))
        #expect(play.packets == ["[\"auth\",{\"token\":\"test_token\",\"_sentAt\":5}]"])
    }

    @Test(
        "what is wrong is named with its place",
        arguments: [
            ("{\"targetUrl\": \"http://h\", \"maxConcurrentUser\": 1}", "did you mean 'maxConcurrentUsers'?"),
            (
                "{\"targetUrl\": \"http://h\", \"maxConcurrentUsers\": 1, \"rampUpDuration\": 1, \"testDuration\": 1,\n \"userJourneys\": [{\"steps\": [{\"type\": \"emitt\"}]}]}",
                "j:2:39: error: a step's type cannot be 'emitt'; did you mean 'emit'?"
            ),
            (
                "{\"targetUrl\": \"http://h\", \"maxConcurrentUsers\": 1, \"rampUpDuration\": 1, \"testDuration\": 1, \"userJourneys\": [{\"steps\": [{\"type\": \"expect\"}]}]}",
                "needs 'expectedEvent'"
            ),
            ("{\"maxConcurrentUsers\": 0, \"rampUpDuration\": 1, \"testDuration\": 1, \"userJourneys\": []}", "no target"),
        ])
    func wrong(text: String, expected: String) {
        do {
            _ = try LoadTestConfiguration.parse(text, file: "j")
            #expect(Bool(false), "parsed")
        } catch {
            #expect(error.entries.contains { $0.description.contains(expected) }, "\(error.entries)")
        }
    }

    @Test("results have the document's names and its printed form")
    func results() {
        var report = sampleReport()
        var latency = LatencySummary()
        latency.mean = 12.345
        latency.p95 = 20
        latency.p99 = 30.5
        report.aggregate.summaries["socketio.latency"] = latency
        let metrics = LoadTestMetrics(report)
        #expect(metrics.connectionsSuccessful == report.aggregate.counters["socketio.connects"])
        #expect(metrics.messagesSent == report.aggregate.counters["socketio.emit"])
        #expect(metrics.text.contains("=== Load Test Results ===\nSuccessful Connections: "))
        #expect(metrics.text.contains("Average Latency: 12.35ms\n95th Percentile Latency: 20.00ms\n99th Percentile Latency: 30.50ms"))
        #expect(metrics.text.contains(" msg/sec\n========================\n"))
    }
}
