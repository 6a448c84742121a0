import NIOCore
import JSONCore
import Testing

@testable import LoadTesting

@Suite("Script flows")
struct ScriptFlowTests {
    private func emit(_ text: String, config: String = "") throws -> EmitStep {
        let script = try parse(flow(text, config: config))
        guard case .emit(let step) = script.scenarios[0].steps[0].action else { throw Diagnostics() }
        return step
    }

    private func packet(_ step: EmitStep) -> String {
        var scope = emptyScope(Array(repeating: "v", count: 20))
        var arguments = ByteBuffer()
        step.arguments.render(to: &arguments, in: &scope)
        return
            "[\(ScriptValue.string(step.event.text(in: &scope)).json)\(arguments.readableBytes > 0 ? "," : "")\(String(buffer: arguments))]"
    }

    @Test("emit is a mapping, a list or a string")
    func forms() throws {
        #expect(packet(try emit("- emit: {channel: a, data: {x: [1, \"2\", null, true]}}")) == #"["a",{"x":[1,"2",null,true]}]"#)
        #expect(packet(try emit("- emit: [a, 1, {b: 2}]")) == #"["a",1,{"b":2}]"#)
        #expect(packet(try emit("- emit: a")) == #"["a"]"#)
        #expect(packet(try emit("- emit: {channel: a, args: [1, 2]}")) == #"["a",1,2]"#)
        #expect(packet(try emit("- emit: {channel: a, data: [1, 2]}")) == #"["a",[1,2]]"#)
    }

    @Test("acknowledge, response and namespace stand beside emit or within it")
    func places() throws {
        let beside = try emit(
            "- emit: {channel: a}\n  namespace: /n\n  acknowledge: {match: {json: $.0.ok, value: true}}\n  response: {channel: b}")
        let within = try emit("- emit: {channel: a, namespace: n, acknowledge: {match: {json: $.0.ok, value: true}}, response: {on: b}}")
        for step in [beside, within] {
            #expect(step.namespace?.constant == "/n")
            #expect(step.acknowledgement?.matches.count == 1)
            #expect(step.responses.map(\.channel.constant) == ["b"])
        }
    }

    @Test("one emit may await several responses")
    func severalResponses() throws {
        let step = try emit(
            "- emit: {channel: a}\n  response:\n    - {channel: b, data: x}\n    - {on: c, args: [1, 2], capture: {json: $.0.id, as: id}}")
        #expect(step.responses.map(\.channel.constant) == ["b", "c"])
        #expect(step.responses[1].check.captures.map(\.name) == ["id"])
    }

    @Test("an unknown function is an error that names its line, column and the nearest function")
    func unknownFunction() {
        let found = diagnostics(flow("- emit: [a, \"x {{ $randomInteger(1, 2) }}\"]"))
        #expect(
            found == ["test.yml:7:28: error: unknown function $randomInteger(); did you mean '$randomNumber'?"]
                || found.first?.contains("unknown function $randomInteger()") == true)
        #expect(found.first?.hasPrefix("test.yml:7:") == true)
    }

    @Test("an unknown variable is an error with the nearest name")
    func unknownVariable() {
        let found = diagnostics(flow("- emit: [a, \"{{ tokn }}\"]", config: "variables: {token: x}"))
        #expect(found.count == 1)
        #expect(found.first?.contains("error: unknown variable 'tokn'; did you mean 'token'?") == true)
    }

    @Test("a captured variable is known, also before its capture in the file and from before")
    func capturedVariable() throws {
        let text = """
            config: {target: "http://h"}
            before: {flow: [{post: {url: /login, json: {}, capture: {json: $.token, as: token}}}]}
            scenarios:
              - engine: socketio
                flow:
                  - emit: [auth, "{{ token }}"]
            """
        #expect(try parse(text).before?.steps.count == 1)
    }

    @Test("functions of scripts in the wild work: $randomInt, $randomUUID, $timestamp, $randomString, $randomNumber")
    func functions() throws {
        let step = try emit(
            "- emit: [a, \"{{ $randomInt(3, 3) }}\", \"{{ $randomUUID() }}\", \"{{ $timestamp }}\", \"{{ $randomString() }}\", \"{{ $randomNumber(1,1) }}\", \"{{ $randomString(4) }}\"]"
        )
        var scope = emptyScope()
        scope.wallClockMilliseconds = 1234
        var arguments = ByteBuffer(string: "[0,")
        step.arguments.render(to: &arguments, in: &scope)
        arguments.writeString("]")
        guard case .array(let values) = ScriptValue(try JSONSlice(validating: arguments)) else { return #expect(Bool(false)) }
        #expect(values[1] == 3 && values[3] == 1234 && values[5] == 1)
        #expect(values[2].text.count == 36 && values[4].text.count == 10 && values[6].text.count == 4)
    }

    @Test("a loop takes a count, a range, a template, a list or a variable, settings beside it or as an item")
    func loops() throws {
        let forms = [
            "- loop: [{think: 1}]\n  count: 3", "- loop: [{think: 1}]\n  count: \"2-4\"",
            "- loop: [{think: 1}]\n  count: \"{{ $randomInt(1, 2) }}\"",
            "- loop: [{think: 1}]\n  over: [a, b]", "- loop: [{think: 1}]\n  over: list", "- loop: [{think: 1}, {count: 3}]",
            "- loop: [{think: 1}]\n  whileTrue: \"n < 3\"", "- loop: [{think: 1}]\n  count: -1\n  whileTrue: \"n < 3\"",
        ]
        for form in forms {
            let script = try parse(flow(form, config: "variables: {list: [[1, 2]], n: 1}"))
            guard case .loop(let loop) = script.scenarios[0].steps[0].action else {
                #expect(Bool(false), "\(form)")
                continue
            }
            #expect(loop.steps.count == 1, "\(form)")
        }
    }

    @Test(
        "a loop that cannot be is refused",
        arguments: [
            "- loop: [{think: 1}]", "- loop: [{think: 1}]\n  count: -1", "- loop: []\n  count: 2",
            "- loop: [{think: 1}]\n  count: 2\n  over: [1]",
            "- loop: [{think: 1}]\n  count: \"4-2\"", "- loop: [{think: 1}]\n  whileTrue: myFunction", "- loop: {think: 1}\n  count: 2",
        ])
    func wrongLoops(step: String) {
        #expect(diagnostics(flow(step)).contains { $0.contains(": error: ") })
    }

    @Test("$loopCount outside of a loop is an error")
    func loopCountOutside() {
        #expect(diagnostics(flow("- emit: [a, \"{{ $loopCount }}\"]")).first?.contains("only within a loop") == true)
    }

    @Test("the names of loopValue and loopElement are variables within the loop")
    func loopNames() throws {
        _ = try parse(flow("- loop:\n    - emit: [a, \"{{ i }} {{ x }}\"]\n  over: [1]\n  loopValue: i\n  loopElement: x"))
    }

    @Test("a step of another engine says so")
    func otherEngine() {
        #expect(diagnostics(flow("- send: hi")).first?.contains("'send' is a step of the engine 'ws'") == true)
        #expect(diagnostics(flow("- emit: hi", engine: "ws")).first?.contains("'emit' is a step of the engine 'socketio'") == true)
    }

    @Test("steps of the engine ws: send in all forms, wait, connect with sub-protocols")
    func webSocketSteps() throws {
        let script = try parse(
            flow(
                """
                - connect: {target: "ws://h/x", subprotocols: [json, "{{ $uuid }}"], headers: {a: b}}
                - send: hello
                - send: {a: 1}
                - send: {payload: "x", match: {json: $.ok, value: true}, capture: {json: $.id, as: id}}
                - wait: {match: {json: $.id, value: "{{ id }}"}}
                """, engine: "ws"))
        #expect(script.stepLabels == ["connect", "send", "send", "send", "wait"])
    }

    @Test("an event name that Socket.IO reserves is refused", arguments: ["connect", "disconnect", ""])
    func reserved(name: String) {
        #expect(diagnostics(flow("- emit: {channel: \"\(name)\"}")).contains { $0.contains("error") })
    }

    @Test(
        "a think time is a number, a text with a unit or a template", arguments: ["1", "0.5", "500ms", "2m", "\"{{ $randomInt(1, 2) }}\""])
    func thinks(value: String) throws {
        _ = try parse(flow("- think: \(value)\n  jitter: 20%"))
    }

    @Test("a think time that is none is refused", arguments: ["soon", "-1", "[1]", "1y"])
    func wrongThinks(value: String) {
        #expect(diagnostics(flow("- think: \(value)")).contains { $0.contains("error: think takes") })
    }

    @Test("HTTP steps: all methods, captures, expectations, cookies, forms")
    func requests() throws {
        let script = try parse(
            flow(
                """
                - post: {url: /login, json: {u: 1}, headers: {h: "{{ $uuid }}"}, capture: [{json: $.t, as: t}, {header: set-cookie, as: c}, {regexp: "a(.)", group: 1, as: r}]}
                - get: {url: /x, qs: {a: 1}, cookie: {s: "{{ t }}"}, expect: [{statusCode: 200}, {contentType: json}, {hasProperty: a.b}], ifTrue: "t != 'x'"}
                - put: {url: /y, form: {a: 1}}
                - parallel: [{get: {url: /a}}, {delete: {url: /b}}]
                """))
        #expect(script.stepLabels == ["POST /login", "GET /x", "PUT /y", "parallel"])
    }

    @Test("a capture without a name, a broken path, a broken expression are errors at their place")
    func wrongCaptures() {
        #expect(diagnostics(flow("- emit: a\n  acknowledge: {capture: {json: $.0}}")).first?.contains("needs 'as'") == true)
        #expect(
            diagnostics(flow("- emit: a\n  acknowledge: {capture: {json: \"$[?(@.a)]\", as: x}}")).first?.contains(
                "not supported in a JSON path") == true)
        #expect(diagnostics(flow("- get: {url: /, capture: {regexp: \"(\", as: x}}")).first?.contains("not a regular expression") == true)
        #expect(diagnostics(flow("- emit: a\n  acknowledge: {match: {json: $.0}}")).first?.contains("needs 'value'") == true)
    }
}
