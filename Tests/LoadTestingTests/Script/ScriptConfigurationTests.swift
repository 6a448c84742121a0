import Testing

@testable import LoadTesting

@Suite("Script configuration")
struct ScriptConfigurationTests {
    @Test("the classroom's script has no errors and no warnings, and all of its parts arrive")
    func classroom() throws {
        let script = try parse(classroomScript)
        #expect(script.warnings.isEmpty)
        #expect(script.configuration.phases.map(\.name) == ["Warm-up", "Ramp-up", "Sustained load", "Peak load", "Cool-down"])
        #expect(script.configuration.phases[1].load == .rate(from: 5, to: 50))
        #expect(script.configuration.socketIO.transports == [.websocket])
        #expect(script.configuration.socketIO.connectTimeout == .seconds(30))
        #expect(script.scenarios.map(\.weight) == [60, 30, 10])
        #expect(script.scenarios.map(\.engine) == [.socketIO, .socketIO, .socketIO])
        #expect(script.configuration.payloads[0].fields == ["userId", "username", "token"])
        #expect(script.configuration.metricsByEndpoint?.usesOnlyRequestNames == true)
    }

    @Test("an environment replaces the target and the whole list of phases")
    func environment() throws {
        var options = ScriptOptions()
        options.environment = "staging"
        let script = try parse(classroomScript, options: options)
        #expect(script.configuration.target == "https://staging-websocket.yourapp.com")
        #expect(script.configuration.phases.map(\.load) == [.rate(from: 5, to: 25)])
    }

    @Test("an environment that does not exist is an error with the nearest name")
    func unknownEnvironment() {
        var options = ScriptOptions()
        options.environment = "stagin"
        #expect(diagnostics(classroomScript, options: options).contains { $0.contains("did you mean 'staging'?") })
    }

    @Test(
        "a misspelt key is an error with line, column and the nearest known key",
        arguments: [
            (
                "config:\n  target: http://h\n  phasess: []\nscenarios: []",
                "test.yml:3:3: error: unknown key 'phasess' in config; did you mean 'phases'?"
            ),
            (
                "config:\n  target: http://h\n  phases:\n    - duration: 1\n      arivalRate: 5\nscenarios: []",
                "test.yml:5:7: error: unknown key 'arivalRate' in a phase; did you mean 'arrivalRate'?"
            ),
            (
                flow("- emmit: x"),
                "test.yml:7:9: error: unknown step 'emmit'; did you mean 'emit'?"
            ),
            (
                flow("- emit:\n    chanel: x\n    data: 1"),
                "test.yml:8:11: error: unknown key 'chanel' in emit; did you mean 'channel'?"
            ),
            (flow("- think: 1", engine: "socketo"), "test.yml:5:13: error: unknown engine 'socketo'; did you mean 'socketio'?"),
        ])
    func misspelt(script: String, expected: String) {
        let found = diagnostics(script)
        #expect(found.contains(expected), "\(found)")
    }

    @Test(
        "what a misspelt key stands for is not missed as well",
        arguments: [
            flow("- emit:\n    chanel: x"), flow("- think: 1").replacing("flow:", with: "folw:"),
            flow("- get: {urll: /x}", engine: "http"), flow("- emit: [a]\n  acknowledge: {match: {json: $.0.ok, valeu: 1}}"),
            flow("- emit: [a]\n  acknowledge: {capture: {json: $.0.ok, sa: x}}"), flow("- emit: [a]\n  response: {chanel: b}"),
            flow("- think: 1", config: "phases: [{duration: 1, arivalRate: 5}]"),
            flow("- think: 1", config: "phases: [{durration: 1, arrivalRate: 5}]"),
            flow("- think: 1", config: "socketio: {transports: [websockets]}"),
            flow("- think: 1").replacing("scenarios:", with: "scenario:"), flow("- think: 1").replacing("config:", with: "confg:"),
        ])
    func misspeltOnce(script: String) {
        let found = diagnostics(script)
        #expect(found.count == 1 && found.first?.contains("did you mean") == true, "\(found)")
    }

    @Test("a percentile that reports do not have is an error that lists those they have")
    func unknownPercentile() {
        let found = diagnostics(flow("- think: 1", config: "ensure: {thresholds: [{socketio.response_time.p96: 100}]}"))
        #expect(found.count == 1 && found.first?.contains("has no value 'p96'; it has min") == true, "\(found)")
    }

    @Test("a phase can be a rate, a ramp, a count, a pause or a number of users, with units")
    func phases() throws {
        let script = try parse(
            flow(
                "- think: 1",
                config: """
                    phases:
                      - {duration: 5m, arrivalRate: 2, maxVusers: 9, mode: poisson}
                      - {duration: 10, rampTo: 20}
                      - {duration: "90s", arrivalCount: 30}
                      - pause: 250ms
                      - {duration: 1h, users: 5, rampTo: 50}
                    """))
        let phases = script.configuration.phases
        #expect(phases[0].duration == .seconds(300) && phases[0].maximumUsers == 9 && phases[0].spacing == .poisson)
        #expect(phases[1].load == .rate(from: 0, to: 20))
        #expect(phases[2].load == .count(30) && phases[2].duration == .seconds(90))
        #expect(phases[3].load == .pause && phases[3].duration == .milliseconds(250))
        #expect(phases[4].load == .users(from: 5, to: 50))
    }

    @Test(
        "a phase that cannot be is refused",
        arguments: [
            "{arrivalRate: 5}", "{duration: 5}", "{duration: 5, arrivalRate: -1}", "{duration: soon, arrivalRate: 1}",
            "{duration: 5, arrivalRate: 1, arrivalCount: 2}", "{pause: 5, arrivalRate: 1}", "{duration: 5, arrivalRate: 1, mode: random}",
            "{duration: 0, arrivalRate: 1}", "{duration: 5, arrivalRate: fast}", "{duration: 5, arrivalCount: 1.5}",
            "{duration: 5, arrivalRate: 1, maxVusers: 0}", "5",
        ])
    func wrongPhases(phase: String) {
        let found = diagnostics(flow("- think: 1", config: "phases:\n  - \(phase)"))
        #expect(found.contains { $0.hasPrefix("test.yml:4:") && $0.contains(": error: ") }, "\(found)")
    }

    @Test("settings of an engine are read from config.socketio, from config.engines.socketio and from socketio-v3")
    func engineSettings() throws {
        for place in [
            "socketio:\n  path: /x", "engines:\n  socketio:\n    path: /x", "engines:\n  socketio-v3:\n    path: /x",
            "socketio-v3:\n  path: /x",
        ] {
            #expect(try parse(flow("- think: 1", config: place)).configuration.socketIO.path == "/x/")
        }
    }

    @Test("a client option without effect is a warning that says why, an unknown one is a warning with the nearest name")
    func clientOptions() {
        let found = diagnostics(flow("- think: 1", config: "socketio:\n  forceNew: true\n  transport: [websocket]"))
        #expect(found.count == 2)
        #expect(found[0].contains("4:5: warning: 'forceNew' has no effect"))
        #expect(found[1].contains("did you mean 'transports'?"))
    }

    @Test(
        "JavaScript is refused with what to write instead",
        arguments: ["config:\n  target: http://h\n  processor: ./x.js\nscenarios: []", flow("- function: doIt")])
    func processor(script: String) {
        #expect(diagnostics(script).contains { $0.contains("error") && $0.contains("JavaScript is not run") && $0.contains("$-functions") })
    }

    @Test("overrides and variables of the command line are merged into the script")
    func overrides() throws {
        var options = ScriptOptions()
        options.overrides = #"{"config": {"phases": [{"duration": 1, "arrivalRate": 2}], "timeout": 3}}"#
        options.variables = #"{"room": "r1"}"#
        options.target = "http://other:1"
        let script = try parse(flow("- emit: [\"join\", \"{{ room }}\"]"), options: options)
        #expect(script.configuration.timeout == .seconds(3))
        #expect(script.configuration.phases.count == 1)
        #expect(script.configuration.target == "http://other:1")
    }

    @Test("the environment of the process is read where the script names it")
    func processEnvironment() throws {
        var options = ScriptOptions()
        options.processEnvironment = ["RATE": "7", "HOST": "h:9"]
        let text = """
            config:
              target: "http://{{ $processEnvironment.HOST }}"
              phases: [{duration: 1, arrivalRate: "{{ $env.RATE }}"}]
            scenarios: [{engine: socketio, flow: [{think: 1}]}]
            """
        let script = try parse(text, options: options)
        #expect(script.configuration.target == "http://h:9")
        #expect(script.configuration.phases[0].load == .rate(from: 7, to: 7))
    }

    @Test("JSON is read like YAML, with places")
    func json() throws {
        let text =
            #"{"config": {"target": "http://h", "phases": [{"duration": 1, "arrivalRate": 1}]}, "scenarios": [{"engine": "ws", "flow": [{"send": "hi"}]}]}"#
        #expect(try parse(text).scenarios[0].engine == .webSocket)
        #expect(
            diagnostics("{\n\t\"config\": {\"target\": \"http://h\",\n  \"pases\": []}, \"scenarios\": []}").contains {
                $0.hasPrefix("test.yml:3:3")
            })
    }

    @Test(
        "a file that is no script is an error with its place",
        arguments: [
            ("", "test.yml:1:1"), ("config: [", "test.yml:"), ("- a", "test.yml:1:1"), ("a: 1\na: 2", "test.yml:2:1"),
            ("config: {target: 'x", "test.yml:1"),
            ("a: &a [1]\nb: *c", "test.yml:2"),
        ])
    func broken(text: String, place: String) {
        let found = diagnostics(text)
        #expect(found.first?.hasPrefix(place) == true, "\(found)")
        #expect(found.first?.contains("error") == true)
    }

    @Test("a long row of brackets is an error, in YAML's and in block form")
    func deepNesting() {
        #expect(diagnostics(String(repeating: "[", count: 100_000)).first?.hasPrefix("test.yml:1:257") == true)
        let block = (0..<80).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(diagnostics(block).first?.contains("64 levels") == true)
    }

    @Test("aliases cannot multiply without bound")
    func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 { text += "a\(level): &a\(level) [\((0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n" }
        #expect(diagnostics(text).first?.contains("aliases expanded") == true)
    }

    @Test("anchors, aliases and merge keys work")
    func anchors() throws {
        let text = """
            x-common: &join {channel: join, data: {room: 1}}
            config: {target: "http://h"}
            scenarios:
              - engine: socketio
                flow:
                  - emit: *join
                  - emit: {<<: *join, channel: leave}
            """
        let script = try parse(text)
        #expect(script.stepLabels == ["join", "leave"])
    }

    @Test("ensure is read in its old form and as a plugin, from both places")
    func ensure() throws {
        for prefix in ["", "plugins:\n  "] {
            let indent = prefix.isEmpty ? "" : "  "
            let config = """
                \(prefix)ensure:
                \(indent)  p95: 200
                \(indent)  maxErrorRate: 1
                \(indent)  thresholds:
                \(indent)    - socketio.response_time.p99: 250
                \(indent)  conditions:
                \(indent)    - {expression: "vusers.failed == 0 and socketio.emit > 10", strict: false}
                """
            let ensure = try parse(flow("- think: 1", config: config)).configuration.ensure
            #expect(ensure.maximumErrorRate == 1)
            #expect(ensure.thresholds.map(\.metric) == ["socketio.response_time.p95", "socketio.response_time.p99"])
            #expect(ensure.conditions.map(\.metrics) == [["vusers.failed", "socketio.emit"]])
            #expect(ensure.conditions.map(\.isStrict) == [false])
        }
    }

    @Test("a broken condition is an error at its place")
    func brokenCondition() {
        let found = diagnostics(flow("- think: 1", config: "ensure:\n  conditions:\n    - \"vusers.failed <\""))
        #expect(found.contains { $0.hasPrefix("test.yml:5:") && $0.contains("an expression is missing") }, "\(found)")
    }

    @Test("the target must be a URL of a known scheme", arguments: ["localhost:3000", "ftp://h", "http://"])
    func targets(target: String) {
        #expect(
            diagnostics("config: {target: \"\(target)\"}\nscenarios: [{engine: ws, flow: [{think: 1}]}]").contains {
                $0.contains("error: the target")
            })
    }
}
