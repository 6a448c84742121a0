import NIOCore
import JSONCore
import Testing

@testable import LoadTesting

@Suite("Virtual users")
struct VirtualUserTests {
    @Test("a user connects, emits, thinks and completes")
    func simple() throws {
        var play = try FakePlay(flow("- emit: [a, 1]\n- think: 2\n- emit: b"))
        play.connect()
        #expect(play.packets == ["[\"a\",1]"])
        #expect(play.user.deadline == RunInstant(nanoseconds: 2_005_000_000))
        play.timer()
        #expect(play.packets == ["[\"a\",1]", "[\"b\"]"])
        #expect(play.user.outcome == .completed)
        #expect(play.actions.last == .close)
        #expect(play.count("vusers.created") == 1 && play.count("vusers.completed") == 1 && play.count("vusers.failed") == 0)
        #expect(play.count("socketio.emit") == 2)
        #expect(play.histogram("vusers.session_length")?.count == 1)
    }

    @Test("an emit that nobody answers records no response time")
    func fireAndForget() throws {
        var play = try FakePlay(flow("- emit: a\n- emit: b"))
        play.connect()
        #expect(play.user.outcome == .completed)
        #expect(play.histogram("socketio.response_time") == nil)
    }

    @Test("an acknowledgement that never comes ends the user at the time-out")
    func acknowledgementTimeout() throws {
        var play = try FakePlay(flow("- emit: a\n  acknowledge: {match: {json: $.0.ok, value: true}}", config: "timeout: 3"))
        play.connect()
        #expect(play.user.deadline == RunInstant(nanoseconds: 3_005_000_000))
        play.timer()
        #expect(play.user.outcome == .failed("acknowledgement timeout"))
        #expect(play.count("errors.acknowledgement timeout") == 1 && play.count("vusers.failed") == 1)
        #expect(play.histogram("socketio.response_time") == nil)
    }

    @Test("a response with match or capture and no data is over when the event comes, not at the time-out")
    func responseWithoutData() throws {
        for check in ["match: {json: $.0.ok, value: true}", "capture: {json: $.0.ok, as: x}", "data: {ok: true}"] {
            var play = try FakePlay(flow("- emit: a\n  response: {channel: b, \(check)}"))
            play.connect()
            try play.push("[\"b\",{\"ok\":true}]", after: .milliseconds(7))
            #expect(play.user.outcome == .completed)
            #expect(play.histogram("socketio.response_time")?.maximum == 7)
        }
    }

    @Test("namespaces of one user share its connection")
    func namespaces() throws {
        var play = try FakePlay(flow("- emit: a\n  namespace: /n\n- emit: b\n- emit: c\n  namespace: /n"))
        play.input(.start)
        play.input(.connected(namespace: "/n", ConnectTimings()))
        #expect(play.actions.last == .join(namespace: "/", auth: nil))
        play.input(.connected(namespace: "/", ConnectTimings()))
        #expect(play.packets == ["[\"a\"]", "[\"b\"]", "[\"c\"]"])
        let connects = play.actions.filter { if case .connect = $0 { true } else { false } }
        #expect(connects.count == 1)
        #expect(play.count("socketio.connects") == 1)
    }

    @Test("connect time and its phases, disconnects by reason and received messages are counted")
    func connectionMetrics() throws {
        var play = try FakePlay(flow("- think: 9"))
        play.connect(after: .milliseconds(12))
        try play.push("[\"news\",1]")
        play.input(.disconnected(reason: "transport close"))
        #expect(play.histogram("socketio.connect_time")?.maximum == 12)
        #expect(play.histogram("socketio.connect_time.tcp")?.maximum == 1)
        #expect(play.count("socketio.disconnects") == 1 && play.count("socketio.disconnects.transport close") == 1)
        #expect(play.count("socketio.messages_received") == 1)
        #expect(play.user.outcome == .failed("disconnected: transport close"))
    }

    @Test("the time of a pushed event is measured by its name")
    func pushTime() throws {
        var play = try FakePlay(flow("- emit: join\n  response: {channel: joined}"))
        play.connect()
        try play.push("[\"other\"]", after: .milliseconds(1))
        try play.push("[\"joined\"]", after: .milliseconds(1))
        #expect(play.histogram("socketio.push_time.joined")?.maximum == 2)
        #expect(play.histogram("socketio.response_time.join")?.maximum == 2)
    }

    @Test("a late timer shows in the response time, not in the service time")
    func coordinatedOmission() throws {
        var play = try FakePlay(flow("- think: 1\n- emit: a\n  acknowledge: true"))
        play.connect(after: .zero)
        // The generator stalls: the timer that was due after 1 s fires after 3 s.
        play.input(.timer, after: .seconds(3))
        try play.acknowledge(0, "[]", after: .milliseconds(10))
        #expect(play.histogram("socketio.service_time")?.maximum == 10)
        #expect(play.histogram("socketio.response_time")?.maximum == 2010)
    }

    @Test("a paced loop counts from the schedule: a stalled server shows in the turns that it delayed")
    func pacedLoop() throws {
        var play = try FakePlay(flow("- loop: [{emit: a, acknowledge: true}]\n  count: 3\n  pace: 100ms"))
        play.connect(after: .zero)
        try play.acknowledge(0, "[]", after: .milliseconds(250))
        // The second turn was due at 100 ms and is sent at 250 ms, the third at 200.
        try play.acknowledge(1, "[]", after: .milliseconds(1))
        try play.acknowledge(2, "[]", after: .milliseconds(1))
        #expect(play.user.outcome == .completed)
        #expect(play.histogram("socketio.service_time")?.maximum == 250)
        let responses = play.histogram("socketio.response_time")
        #expect(responses?.count == 3 && responses?.minimum == 52)
    }

    @Test("captures are variables of later steps, failed matches fail the user")
    func captures() throws {
        let script = flow(
            "- emit: a\n  acknowledge: {capture: {json: $.0.id, as: id}, match: {json: $.0.ok, value: true}}\n- emit: [b, \"{{ id }}\"]")
        var play = try FakePlay(script)
        play.connect()
        try play.acknowledge(0, "[{\"id\":7,\"ok\":true}]")
        #expect(play.packets.last == "[\"b\",7]")
        var other = try FakePlay(script)
        other.connect()
        try other.acknowledge(0, "[{\"id\":7,\"ok\":false}]")
        #expect(other.user.outcome == .failed("failed match"))
    }

    @Test("several responses and an acknowledgement are all awaited, in any order, each one sample")
    func several() throws {
        var play = try FakePlay(flow("- emit: a\n  acknowledge: true\n  response: [{channel: b}, {channel: c}]"))
        play.connect()
        try play.push("[\"c\"]")
        try play.acknowledge(0, "[]")
        #expect(play.user.outcome == nil)
        try play.push("[\"b\"]")
        #expect(play.user.outcome == .completed)
        #expect(play.histogram("socketio.response_time")?.count == 3)
    }

    @Test("data of a response: a list is all arguments, a mapping the last one, a string a part")
    func responseData() throws {
        let cases: [(data: String, packet: String, fits: Bool)] = [
            ("[1, {a: 2}]", "[\"b\",1,{\"a\":2}]", true), ("[1]", "[\"b\",1,2]", false), ("{a: 2}", "[\"b\",1,{\"a\":2}]", true),
            ("{a: 2}", "[\"b\",{\"a\":2},1]", false), ("ell", "[\"b\",\"hello\"]", true), ("elk", "[\"b\",\"hello\"]", false),
            ("5", "[\"b\",5]", true),
        ]
        for (data, packet, fits) in cases {
            var play = try FakePlay(flow("- emit: a\n  response: {channel: b, data: \(data)}"))
            play.connect()
            try play.push(packet)
            #expect((play.user.outcome == .completed) == fits, "\(data) \(packet)")
        }
    }

    @Test("events of a channel that do not fit 'where' are other people's")
    func filter() throws {
        var play = try FakePlay(flow("- emit: a\n  response: {channel: b, where: {json: $.0.to, value: me}}"))
        play.connect()
        try play.push("[\"b\",{\"to\":\"you\"}]")
        #expect(play.user.outcome == nil)
        try play.push("[\"b\",{\"to\":\"me\"}]")
        #expect(play.user.outcome == .completed)
    }

    @Test("error events are counted by name and message")
    func errorEvents() throws {
        var play = try FakePlay(flow("- emit: a\n- think: 5"))
        play.connect()
        try play.push("[\"quiz:error\",{\"message\":\"Session not found\"}]")
        try play.push("[\"fine\",{\"message\":\"x\"}]")
        #expect(play.count("socketio.error_events") == 1)
        #expect(play.count("socketio.error_events.quiz:error: Session not found") == 1)
    }

    @Test("loops go over lists, counts and ranges with their variables")
    func loops() throws {
        var play = try FakePlay(
            flow(
                """
                - loop: [{emit: [a, "{{ $loopElement }}", "{{ $loopCount }}"]}]
                  over: [x, y]
                - loop: [{emit: [b, "{{ $loopCount }}"]}]
                  count: 2
                - loop: [{emit: [c, "{{ $loopCount }}"]}]
                  count: "3-5"
                - loop: [{loop: [{emit: [d, "{{ i }}{{ $loopCount }}"]}], count: 2}]
                  count: 2
                  loopValue: i
                - loop: [{emit: [e, "{{ n }}"], acknowledge: {capture: {json: $.0, as: n}}}]
                  whileTrue: "n < 3"
                """))
        play.connect()
        for id in 0..<3 { try play.acknowledge(UInt64(id), "[\(id + 1)]") }
        #expect(
            play.packets == [
                "[\"a\",\"x\",0]", "[\"a\",\"y\",1]", "[\"b\",0]", "[\"b\",1]", "[\"c\",3]", "[\"c\",4]", "[\"d\",\"00\"]",
                "[\"d\",\"01\"]",
                "[\"d\",\"10\"]", "[\"d\",\"11\"]", "[\"e\",null]", "[\"e\",1]", "[\"e\",2]",
            ])
        #expect(play.user.outcome == .completed)
    }

    @Test("a loop without think times yields after a number of steps and plays to its end")
    func yielding() throws {
        var play = try FakePlay(flow("- loop: [{emit: a}]\n  count: 1000"))
        play.connect()
        #expect(play.packets.count <= VirtualUser.maximumStepsPerInput)
        var calls = 0
        while play.user.outcome == nil, calls < 1000 {
            play.timer()
            calls += 1
        }
        #expect(play.packets.count == 1000)
    }

    @Test("ifTrue decides on a step, whole loops included")
    func conditions() throws {
        var play = try FakePlay(
            flow(
                "- {emit: a, ifTrue: \"n > 1\"}\n- {emit: b, ifTrue: \"n > 5\"}\n- {loop: [{emit: c}], count: 2, ifTrue: \"not (n == 2)\"}\n- emit: d",
                config: "variables: {n: 2}"))
        play.connect()
        #expect(play.packets == ["[\"a\"]", "[\"d\"]"])
    }

    @Test("think times and paces are multiplied by the time scale, time-outs are not")
    func timeScale() throws {
        var play = try FakePlay(flow("- think: 10\n- emit: a\n  acknowledge: true"), timeScale: 0.02)
        play.connect(after: .zero)
        #expect(play.user.deadline == RunInstant(nanoseconds: 200_000_000))
        play.timer()
        #expect(play.user.deadline == RunInstant(nanoseconds: 10_200_000_000))
    }

    @Test("jitter stays within its bounds and depends on the seed alone")
    func jitter() throws {
        var times: Set<Int64> = []
        for seed in 1...50 {
            var play = try FakePlay(flow("- think: 10\n  jitter: 20%"), seed: UInt64(seed))
            play.connect(after: .zero)
            let time = try #require(play.user.deadline).nanoseconds
            #expect((8_000_000_000...12_000_000_000).contains(time))
            times.insert(time)
            var again = try FakePlay(flow("- think: 10\n  jitter: 20%"), seed: UInt64(seed))
            again.connect(after: .zero)
            #expect(again.user.deadline?.nanoseconds == time)
        }
        #expect(times.count > 40)
    }

    @Test("cookies of HTTP steps go into the handshake that follows them")
    func cookies() throws {
        var play = try FakePlay(flow("- post: {url: /login, json: {a: 1}, capture: {json: $.t, as: t}}\n- emit: [auth, \"{{ t }}\"]"))
        play.input(.start)
        guard case .request(let id, let request)? = play.actions.last else {
            #expect(Bool(false), "no request")
            return
        }
        #expect(request.url == "http://127.0.0.1:1/login" && request.method == "POST")
        #expect(request.headers.contains(HTTPField("content-type", "application/json")))
        play.input(
            .response(
                id: id,
                HTTPResponseValue(
                    status: 200, headers: [HTTPField("Set-Cookie", "sid=abc; Path=/")], body: ByteBuffer(string: "{\"t\":\"T\"}"))),
            after: .milliseconds(3))
        guard case .connect(let connection)? = play.actions.last else {
            #expect(Bool(false), "no connection")
            return
        }
        #expect(connection.headers == [HTTPField("cookie", "sid=abc")])
        play.input(.connected(namespace: "/", ConnectTimings()))
        #expect(play.packets == ["[\"auth\",\"T\"]"])
        #expect(play.histogram("http.response_time")?.maximum == 3 && play.count("http.codes.200") == 1)
    }

    @Test("WebSocket: messages as text and JSON, answers with match and capture, a connection of its own")
    func webSocket() throws {
        var play = try FakePlay(
            flow(
                """
                - connect: {target: "/x", subprotocols: [v1]}
                - send: hi
                - send: {payload: {a: 1}, match: {json: $.ok, value: true}, capture: {json: $.id, as: id}}
                - send: "{{ id }}"
                - wait: {match: {json: $.n, value: 2}}
                """, engine: "ws"))
        play.input(.start)
        guard case .connect(let connection)? = play.actions.last else {
            #expect(Bool(false), "no connection")
            return
        }
        #expect(connection.url == "http://127.0.0.1:1/x" && connection.subprotocols == ["v1"])
        play.input(.connected(namespace: "", ConnectTimings()))
        #expect(play.messages == ["hi", "{\"a\":1}"])
        play.input(.message(ByteBuffer(string: "{\"ok\":true,\"id\":5}")), after: .milliseconds(4))
        #expect(play.messages.last == "5")
        play.input(.message(ByteBuffer(string: "{\"n\":2}")))
        #expect(play.user.outcome == .completed)
        #expect(play.count("websocket.messages_sent") == 3 && play.count("websocket.messages_received") == 2)
        #expect(play.histogram("websocket.response_time")?.count == 1)
    }

    @Test("expectations are counted and do not end the user")
    func expectations() throws {
        var play = try FakePlay(
            flow("- emit: a\n  acknowledge: {expect: [{json: $.0.ok, value: true}, {hasProperty: $.0.id}, {equals: [1, 1]}]}"))
        play.connect()
        try play.acknowledge(0, "[{\"ok\":false,\"id\":1}]")
        #expect(play.user.outcome == .completed)
        #expect(play.count("plugins.expect.ok") == 2 && play.count("plugins.expect.failed") == 1)
    }

    @Test("the same seed and row give the same packets, another user others")
    func reproducible() throws {
        func packets(_ seed: UInt64) throws -> [String] {
            var play = try FakePlay(flow("- emit: [a, \"{{ $uuid }}\", \"{{ $randomString(8) }}\", \"{{ $pick(1, 2, 3) }}\"]"), seed: seed)
            play.connect()
            return play.packets
        }
        #expect(try packets(1) == packets(1))
        #expect(try packets(1) != packets(2))
    }

    @Test("a refused connection fails the user with the reason")
    func refused() throws {
        var play = try FakePlay(flow("- emit: a"))
        play.input(.start)
        play.input(.connectFailed(namespace: "/", reason: "connection refused"))
        #expect(play.user.outcome == .failed("connect: connection refused"))
        #expect(play.count("socketio.connect_failures") == 1 && play.count("socketio.connect_refusals") == 0)
    }

    @Test("a refused namespace fails the user with the server's words")
    func refusedNamespace() throws {
        var play = try FakePlay(flow("- emit: a"))
        play.input(.start)
        play.input(.refused(namespace: "/", message: "not today"))
        #expect(play.user.outcome == .failed("connect: not today"))
        #expect(play.count("socketio.connect_failures") == 1 && play.count("socketio.connect_refusals") == 1)
    }

    @Test("a user who thinks stays while the connection is made again, if reconnection is on")
    func reconnects() throws {
        var play = try FakePlay(flow("- think: 5\n- emit: a", config: "socketio: {reconnection: true}"))
        play.connect(after: .zero)
        play.input(.disconnected(reason: "transport close"), after: .seconds(1))
        play.input(.connected(namespace: "/", ConnectTimings()), after: .seconds(1))
        #expect(play.count("socketio.reconnects") == 1)
        play.timer()
        #expect(play.packets == ["[\"a\"]"] && play.user.outcome == .completed)
    }

    @Test("stop ends a user where it is, once")
    func stop() throws {
        var play = try FakePlay(flow("- think: 100"))
        play.connect()
        #expect(play.input(.stop) == [.close])
        #expect(play.input(.stop).isEmpty && play.input(.timer).isEmpty)
        #expect(play.count("vusers.completed") == 1)
    }
}
