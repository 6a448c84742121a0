import Testing

@testable import LoadTesting

/// Settings that other tools drop without a word: each of them acts, or somebody hears of it.
@Suite("Nothing is ignored in silence")
struct IgnoredSettingsTests {
    @Test("a loop over a configured list takes all of its values, elsewhere the variable is one of them")
    func overList() throws {
        let config = "variables: {room: [red, green], pairs: [[a, b], [c, d]]}"
        for over in ["room", "\"{{ room }}\""] {
            var play = try FakePlay(
                flow("- loop: [{emit: [e, \"{{ $loopElement }}\"]}]\n  over: \(over)\n- emit: [one, \"{{ room }}\"]", config: config))
            play.connect()
            #expect(Array(play.packets.prefix(2)) == ["[\"e\",\"red\"]", "[\"e\",\"green\"]"])
            #expect(["[\"one\",\"red\"]", "[\"one\",\"green\"]"].contains(play.packets.last))
        }
        // One of several lists is picked for each user, and the loop goes over that one.
        var play = try FakePlay(flow("- loop: [{emit: [e, \"{{ $loopElement }}\"]}]\n  over: pairs", config: config))
        play.connect()
        #expect([["[\"e\",\"a\"]", "[\"e\",\"b\"]"], ["[\"e\",\"c\"]", "[\"e\",\"d\"]"]].contains(play.packets))
    }

    @Test(
        "a loop that cannot be played fails the user and says why",
        arguments: [
            ("over: \"{{ value }}\"", "a loop goes over a list, not over 'x'"),
            ("count: \"{{ value }}\"", "count takes a number or a range"),
            ("count: \"{{ 0 - 1 }}\"", "count takes a number or a range"), ("count: 2\n  pace: \"{{ value }}\"", "pace takes seconds"),
        ])
    func wrongLoops(settings: String, message: String) throws {
        var play = try FakePlay(flow("- loop: [{emit: e}]\n  \(settings)", config: "variables: {value: x}"))
        play.connect()
        guard case .failed(let reason) = play.user.outcome else {
            Issue.record("the user did not fail: \(String(describing: play.user.outcome))")
            return
        }
        #expect(reason.hasPrefix(message))
    }

    @Test("a pace that is no time is an error when the script is read")
    func pace() {
        let found = diagnostics(flow("- loop: [{emit: e}]\n  count: 2\n  pace: soon"))
        #expect(found == ["test.yml:9:15: error: pace must be a time such as 30, \"250ms\" or \"5m\", not 'soon'"])
    }

    @Test("match and capture of an emit's answer mean the first argument where they name no path, as in Artillery")
    func defaultPath() throws {
        var play = try FakePlay(
            flow("- emit: a\n  acknowledge: {match: {value: yes}, capture: {as: x}}\n- emit: [b, \"{{ x }}\"]"))
        play.connect()
        try play.acknowledge(0, "[\"yes\",\"no\"]")
        #expect(play.packets.last == "[\"b\",\"yes\"]" && play.user.outcome == .completed)
        // Elsewhere an answer is no list of arguments.
        #expect(diagnostics(flow("- wait: {match: {value: x}}", engine: "ws")).first?.contains("exactly one of 'json'") == true)
    }

    @Test("headers for all requests are read from their older place too")
    func defaultHeaders() throws {
        let script = try parse(flow("- get: {url: /}", config: "defaults: {headers: {authorization: x}}", engine: "http"))
        #expect(script.configuration.http.headers.map(\.name) == ["authorization"])
    }

    @Test("an environment without settings leaves the script as it is")
    func emptyEnvironment() throws {
        var options = ScriptOptions()
        options.environment = "local"
        let script = try parse(flow("- think: 1", config: "timeout: 3\nenvironments: {local: }"), options: options)
        #expect(script.configuration.timeout == .seconds(3) && script.configuration.environment == "local")
    }

    @Test("a variable of the environment that is not set is a warning")
    func environmentVariables() {
        var options = ScriptOptions()
        options.processEnvironment = ["SET": "1"]
        let found = diagnostics(
            flow("- emit: [a, \"{{ $env.SET }}\", \"{{ $env.TOKEN }}\", \"{{ $processEnvironment.OTHER }}\"]"), options: options)
        #expect(found.count == 2)
        #expect(found.first?.hasSuffix("warning: the environment variable 'TOKEN' is not set") == true)
    }

    @Test(
        "a misspelt metric of ensure is a warning with the nearest name, and its check fails",
        arguments: [
            ("vusers.faild", "vusers.failed"), ("socketio.respons_time.p99", "socketio.response_time"),
            ("socketio.emmit_rate", "socketio.emit_rate"),
        ])
    func misspeltMetric(name: String, nearest: String) throws {
        let config = "ensure: {thresholds: [{\(name): 1}]}"
        #expect(
            diagnostics(flow("- think: 1", config: config)).contains { $0.contains("warning") && $0.contains("did you mean '\(nearest)'") })
        let condition = "ensure: {conditions: [\"\(name) < 5\"]}"
        #expect(diagnostics(flow("- think: 1", config: condition)).contains { $0.contains("did you mean '\(nearest)'") })
        var report = MetricsReport()
        report.counters = ["vusers.created": 1, "vusers.completed": 1, "socketio.connects": 1]
        let ensure = try parse(flow("- think: 1", config: config)).configuration.ensure
        #expect(Verdict(ensure, of: report).exitStatus == .failed)
    }

    @Test("a threshold on a time without aggregation is an error: it would hold for every run")
    func thresholdWithoutAggregation() {
        for name in ["socketio.response_time", "http.response_time.2xx", "steps.0.response_time"] {
            let found = diagnostics(flow("- think: 1", config: "ensure: {thresholds: [{\(name): 200}]}"))
            #expect(found.contains { $0.contains("error") && $0.contains("such as \(name).p95") }, "\(found)")
        }
    }

    @Test(
        "names that a script, a server or the network completes are known",
        arguments: [
            "errors.ETIMEDOUT", "http.codes.503", "vusers.created_by_name.chat", "socketio.emit.join", "socketio.disconnects.ping timeout",
            "socketio.response_time.join.p95", "socketio.push_time.joined.max", "steps.3.response_time.p99", "vusers.session_length.mean",
            "http.response_time.4xx.p99", "socketio.emit_rate", "plugins.metrics-by-endpoint.response_time./a.p95",
        ])
    func knownMetrics(name: String) {
        #expect(MetricName.complaint(about: name) == nil)
    }

    @Test("a run in which nobody begins fails and says so")
    func nobody() {
        let verdict = Verdict(EnsureDefinition(), of: MetricsReport())
        #expect(verdict.exitStatus == .failed && verdict.checks.contains { $0.detail == "no virtual user began" })
        var report = RunReport()
        report.verdict = verdict
        #expect(report.headlines == ["no virtual user began"])
    }

    @Test("options that a journey file has no place for are errors; overrides and the target are not")
    func journeyOptions() throws {
        let text = """
            {"targetUrl": "http://h", "maxConcurrentUsers": 2, "rampUpDuration": 1, "testDuration": 1,
             "userJourneys": [{"name": "a", "weight": 1, "steps": [{"type": "emit", "event": "x", "data": {"id": "{{ nobody }}"}}]}]}
            """
        var options = ScriptOptions()
        options.environment = "staging"
        #expect(throws: Diagnostics.self) { try LoadTestConfiguration.parse(text, file: "j.json", options: options) }
        options = ScriptOptions()
        // A variable that nothing sets.
        #expect(throws: Diagnostics.self) { try LoadTestConfiguration.parse(text, file: "j.json", options: options) }
        options.overrides = #"{"maxConcurrentUsers": 9, "userJourneys": [{"name": "b", "steps": [{"type": "wait", "duration": 1}]}]}"#
        options.target = "http://other"
        let script = try LoadTestConfiguration.parse(text, file: "j.json", options: options)
        #expect(script.configuration.phases[0].load == .count(9) && script.configuration.target == "http://other")
    }

    @Test("--insecure and --solo win over the script")
    func options() throws {
        var options = ScriptOptions()
        options.isInsecure = true
        options.isSolo = true
        let config = "tls: {rejectUnauthorized: true}\nphases: [{duration: 60, arrivalRate: 5}]"
        let configuration = try parse(flow("- think: 1", config: config), options: options).configuration
        #expect(!configuration.verifiesCertificates && configuration.phases.map(\.load) == [.count(1)])
    }
}

@Suite("Files of environment variables")
struct EnvironmentVariablesTests {
    @Test("names, comments, export, quotation marks and values over several lines")
    func parsing() throws {
        let text = """
            # a comment
            HOST=127.0.0.1
            export PORT = 3001 # the server's
              EMPTY=
            HASH=a#b
            SINGLE='a # b\\n'
            DOUBLE="one\\ntwo \\"three\\""
            LONG="first
            second"
            """
        let found = try EnvironmentVariables.parse(text, file: ".env")
        #expect(
            found == [
                "HOST": "127.0.0.1", "PORT": "3001", "EMPTY": "", "HASH": "a#b", "SINGLE": "a # b\\n", "DOUBLE": "one\ntwo \"three\"",
                "LONG": "first\nsecond",
            ])
    }

    @Test("a line that is none is an error with its number", arguments: ["A=1\nnonsense", "A=1\n=2", "A=1\nb c=3", "A=1\nB=\"open"])
    func wrong(text: String) {
        #expect { try EnvironmentVariables.parse(text, file: "x.env") } throws: { error in
            (error as? Diagnostic)?.position.description == "x.env:2:1"
        }
    }

    @Test("variables of the process win over those of the file")
    func precedence() throws {
        var options = ScriptOptions()
        options.processEnvironment = ["A": "process"]
        try options.addEnvironment("A=file\nB=file", file: ".env")
        #expect(options.processEnvironment == ["A": "process", "B": "file"])
    }
}
