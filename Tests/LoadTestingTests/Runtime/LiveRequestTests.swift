import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import LoadTesting

/// HTTP steps over TCP, against a server whose answers the test decides.
@Suite("Live HTTP steps", .timeLimit(.minutes(10)))
struct LiveRequestTests {
    @Test("figures that come during a push to a gateway are pushed after it")
    func pushDuringPush() async throws {
        let bodies = try await OddServer.with { _ in
            .response(status: 200)
        } _: { server in
            let gateway = try PushGateway(server.url)
            async let first: Void = gateway.push("one")
            try await gateway.push("two")
            try await first
            gateway.close()
            return server.requests.map(\.body).sorted()
        }
        #expect(bodies == ["one", "two"])
    }

    @Test("a gateway that leaves a push without an answer gets the next one over another connection")
    func silentGateway() async throws {
        let bodies = try await OddServer.with { request in
            request.body == "two" ? .response(status: 200) : .silence
        } _: { server in
            let gateway = try PushGateway(server.url)
            await #expect(throws: PushGateway.Failure.self) { try await gateway.push("one", patience: .milliseconds(50)) }
            try await gateway.push("two")
            gateway.close()
            return server.requests.map(\.body)
        }
        // The first one may have been given up before its connection was made.
        #expect(bodies.last == "two")
    }

    @Test("requests carry what the script says, and captures by JSON path, header and pattern lead on")
    func shop() async throws {
        let report = try await OddServer.with { request in
            switch (request.method, request.target) {
            case ("POST", "/login"):
                .response(status: 200, headers: ["set-cookie: sid=s1; Path=/", "x-token: t7"], body: #"{"user":{"id":5}}"#)
            case ("GET", "/cart/5?page=2"): .response(status: 200, body: "order=o-42;")
            default: .response(status: 204)
            }
        } _: { server in
            let report = try await play(
                flow(
                    """
                    - post:
                        url: /login
                        json: {name: ann}
                        capture: [{json: $.user.id, as: id}, {header: x-token, as: token}]
                        expect: {statusCode: 200}
                    - get:
                        url: "/cart/{{ id }}"
                        qs: {page: 2}
                        headers: {authorization: "Bearer {{ token }}"}
                        capture: {regexp: "order=([^;]+)", group: 1, as: order}
                    - put: {url: "/orders/{{ order }}", form: {a: "b c", d: "&"}}
                    - patch: {url: /p, body: plain}
                    - delete: {url: /d}
                    - head: {url: /h}
                    - options: {url: /o}
                    """, config: users(1), engine: "http"), url: server.url)
            let requests = server.requests
            try #require(requests.map(\.method) == ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
            #expect(requests[0].body == #"{"name":"ann"}"# && requests[0].headers["content-type"] == "application/json")
            #expect(requests[1].headers["authorization"] == "Bearer t7" && requests[1].headers["cookie"] == "sid=s1")
            #expect(requests[2].target == "/orders/o-42" && requests[2].body == "a=b%20c&d=%26")
            #expect(requests[3].body == "plain")
            // One connection, kept alive.
            #expect(server.connections == 1)
            return report
        }
        #expect(report.verdict.exitStatus == .passed, "\(report.aggregate.counters)")
        #expect(report.aggregate.counters["http.codes.200"] == 2 && report.aggregate.counters["http.codes.204"] == 5)
        #expect(report.aggregate.summaries["http.response_time"]?.count == 7)
        #expect(report.aggregate.counters["plugins.expect.ok"] == 1)
        #expect((report.aggregate.counters["bytes.sent"] ?? 0) > 100 && (report.aggregate.counters["bytes.received"] ?? 0) > 100)
    }

    @Test("a redirect is followed, with the cookie that it set; a POST becomes a GET")
    func redirect() async throws {
        try await OddServer.with { request in
            request.target == "/login"
                ? .response(status: 302, headers: ["set-cookie: sid=s9", "location: home?x=1"])
                : .response(status: 200, body: request.method)
        } _: { server in
            let report = try await play(
                flow("- post: {url: /login, json: {}, match: {regexp: GET, value: GET}}", config: users(1), engine: "http"), url: server.url
            )
            #expect(server.requests.map(\.target) == ["/login", "/home?x=1"])
            #expect(server.requests.last?.headers["cookie"] == "sid=s9" && server.requests.last?.headers["content-type"] == nil)
            #expect(report.aggregate.counter(.completed) == 1)
            #expect(report.aggregate.summaries["http.response_time"]?.count == 1)
        }
    }

    @Test("a redirect without end fails the user; one that is not to be followed is the answer")
    func redirectLoop() async throws {
        try await OddServer.with { _ in
            .response(status: 301, headers: ["location: /again"])
        } _: { server in
            let report = try await play(flow("- get: {url: /}", config: users(1), engine: "http"), url: server.url)
            #expect(report.aggregate.counters["errors.too many redirects"] == 1)
            #expect(server.requests.count == 11)
            let answer = try await play(
                flow("- get: {url: /, followRedirect: false, expect: {statusCode: 301}}", config: users(1), engine: "http"), url: server.url
            )
            #expect(answer.verdict.exitStatus == .passed)
        }
    }

    @Test("silence, a reset, a closed connection and nonsense each fail the user with their reason, and the run ends")
    func failures() async throws {
        // Only a silent server is to meet the time-out, however busy the machine is.
        let cases: [(OddServer.Answer, String, String)] = [
            (.silence, "errors.request timeout", "0.2"), (.reset, "errors.connection reset", "300"),
            (.close, "errors.the server closed the connection", "300"), (.raw("no http\r\n\r\n"), "errors.", "300"),
        ]
        for (answer, error, timeout) in cases {
            try await OddServer.with { _ in
                answer
            } _: { server in
                let report = try await play(
                    flow("- post: {url: /, timeout: \(timeout)}", config: users(2), engine: "http"), url: server.url)
                #expect(report.aggregate.counter(.failed) == 2)
                #expect(report.aggregate.counters.contains { $0.key.hasPrefix(error) && $0.value == 2 }, "\(report.aggregate.counters)")
                #expect(report.verdict.exitStatus == .unreachable)
            }
        }
    }

    @Test("a connection that the server ended between two requests is opened again")
    func staleConnection() async throws {
        let count = NIOLockedValueBox(0)
        try await OddServer.with { _ in
            // The first connection ends without an answer to its second request.
            count.withLockedValue { count in
                count += 1
                return count == 2 ? .close : .response(status: 200)
            }
        } _: { server in
            let report = try await play(flow("- get: {url: /a}\n- get: {url: /b}", config: users(1), engine: "http"), url: server.url)
            #expect(report.aggregate.counter(.completed) == 1)
            #expect(server.requests.map(\.target) == ["/a", "/b", "/b"] && server.connections == 2)
        }
    }

    @Test("requests in parallel have connections of their own")
    func parallel() async throws {
        try await OddServer.with { request in
            .response(status: request.target == "/c" ? 500 : 200)
        } _: { server in
            let report = try await play(
                flow(
                    "- parallel: [{get: {url: /a}}, {get: {url: /b}}, {get: {url: /c}}]\n- get: {url: /d}", config: users(1), engine: "http"
                ),
                url: server.url)
            #expect(Set(server.requests.prefix(3).map(\.target)) == ["/a", "/b", "/c"] && server.requests.last?.target == "/d")
            #expect(server.connections == 3)
            #expect(report.aggregate.counters["http.codes.500"] == 1)
        }
    }

    @Test("before runs once and its captures are every user's; after runs once at the end")
    func hooks() async throws {
        try await OddServer.with { request in
            .response(status: 200, body: #"{"token":"secret"}"#)
        } _: { server in
            let report = try await play(
                """
                config:
                  target: x
                  \(users(3))
                before:
                  flow:
                    - post: {url: /token, capture: {json: $.token, as: token}}
                after:
                  flow:
                    - delete: {url: "/token/{{ token }}"}
                scenarios:
                  - flow:
                      - get: {url: "/use/{{ token }}"}
                """, url: server.url)
            #expect(
                server.requests.map { "\($0.method) \($0.target)" }
                    == ["POST /token"] + Array(repeating: "GET /use/secret", count: 3) + ["DELETE /token/secret"])
            #expect(report.aggregate.counter(.created) == 3 && report.aggregate.counter(.requests) == 3)
            #expect(report.verdict.exitStatus == .passed && report.hooks.map(\.name) == ["before", "after"])
        }
    }

    @Test("when before fails nobody begins, and the first line says so")
    func failedHooks() async throws {
        let script = """
            config:
              target: x
              \(users(3))
            HOOK:
              flow:
                - get: {url: /hook, match: {json: $.ok, value: true}}
            scenarios:
              - flow:
                  - get: {url: /use}
            """
        try await OddServer.with { _ in
            .response(status: 200, body: "{}")
        } _: { server in
            let before = try await play(script.replacing("HOOK", with: "before"), url: server.url)
            #expect(before.aggregate.counter(.created) == 0 && before.verdict.exitStatus == .failed)
            #expect(before.headlines.first == "'before' failed: failed match; no virtual user began")
            let after = try await play(script.replacing("HOOK", with: "after"), url: server.url)
            #expect(after.aggregate.counter(.completed) == 3 && after.verdict.exitStatus == .failed)
            #expect(after.headlines.first == "'after' failed: failed match")
        }
        try await OddServer.with(accept: { _ in .close }, answer: { _ in .close }) { server in
            let report = try await play(script.replacing("HOOK", with: "before"), url: server.url)
            #expect(report.verdict.exitStatus == .unreachable)
        }
    }
}

/// Scenarios of the engine `ws`.
@Suite("Live WebSocket scenarios", .timeLimit(.minutes(10)))
struct LiveWebSocketTests {
    @Test("messages, answers with match and capture, sub-protocols and headers")
    func conversation() async throws {
        try await OddServer.with { request in
            .webSocket(subprotocol: request.headers["sec-websocket-protocol"]?.split(separator: ",").first.map(String.init)) { text in
                text == "hello" ? ["welcome"] : [#"{"echo":\#(text)}"#]
            }
        } _: { server in
            let report = try await play(
                flow(
                    """
                    - connect: {target: "/chat?room={{ room }}", headers: {x-user: ann}, subprotocols: [chat.v2, chat.v1]}
                    - send: {payload: hello, match: {regexp: welcome, value: welcome}}
                    - loop:
                        - send: {payload: {n: "{{ $loopCount }}"}, capture: {json: $.echo.n, as: n}}
                        - send: {payload: {n: "{{ n }}"}, match: {json: $.echo.n, value: "{{ n }}"}}
                      count: 3
                    - send: bye
                    """, config: users(2, "variables: {room: [red]}"), engine: "ws"), url: server.url.replacing("http", with: "ws"))
            #expect(report.verdict.exitStatus == .passed, "\(report.aggregate.counters)")
            try #require(server.requests.map(\.target) == ["/chat?room=red", "/chat?room=red"])
            #expect(
                server.requests[0].headers["sec-websocket-protocol"] == "chat.v2, chat.v1" && server.requests[0].headers["x-user"] == "ann")
            #expect(report.aggregate.counters["websocket.messages_sent"] == 16)
            #expect(report.aggregate.summaries["websocket.response_time"]?.count == 14)
            #expect(
                report.aggregate.counters["websocket.connects"] == 2 && report.aggregate.summaries["websocket.connect_time"]?.count == 2)
            #expect(report.aggregate.summaries["websocket.connect_time.handshake"]?.count == 2)
        }
    }

    @Test("a greeting that comes with the handshake answers a wait")
    func greeting() async throws {
        try await OddServer.with { _ in
            .webSocket(greeting: [#"{"hi":1}"#]) { _ in [] }
        } _: { server in
            let report = try await play(
                flow("- wait: {match: {json: $.hi, value: 1}}", config: users(1), engine: "ws"), url: server.url)
            #expect(report.aggregate.counter(.completed) == 1)
        }
    }

    @Test("a refusal, a server that leaves and one that never answers fail the user with their reason")
    func failures() async throws {
        let cases: [(OddServer.Answer, String, RunExitStatus, String)] = [
            (.response(status: 403), "errors.connect: handshake refused with status 403", .unreachable, "300"),
            (.webSocket { _ in nil }, "errors.disconnected: the server closed the connection", .failed, "300"),
            (.webSocket { _ in [] }, "errors.response timeout", .failed, "0.3"),
        ]
        for (answer, error, status, timeout) in cases {
            try await OddServer.with { _ in
                answer
            } _: { server in
                let report = try await play(
                    flow("- send: {payload: a, match: {regexp: b, value: b}, timeout: \(timeout)}", config: users(2), engine: "ws"),
                    url: server.url)
                #expect(report.aggregate.counters[error] == 2, "\(report.aggregate.counters)")
                #expect(report.verdict.exitStatus == status)
            }
        }
    }
}
