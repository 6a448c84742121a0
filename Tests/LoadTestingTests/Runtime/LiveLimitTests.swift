import NIOCore
import NIOPosix
import SocketIOClient
import Testing

@testable import LoadTesting

/// Bounds of scripts and runs, each at its value and one beyond it.
@Suite("Limits of load tests", .timeLimit(.minutes(10)))
struct LiveLimitTests {
    private func nested(_ depth: Int) -> String {
        (0..<depth).reduce("{emit: a}") { inner, _ in "{loop: [\(inner)], count: 1}" }
    }

    @Test("sixteen loops within one another, not seventeen")
    func loops() {
        #expect(diagnostics(flow("- \(nested(16))")).isEmpty)
        #expect(diagnostics(flow("- \(nested(17))")).contains { $0.contains("more than 16 loops within one another") })
    }

    @Test("twenty thousand steps, not one more")
    func steps() throws {
        func script(_ count: Int) -> String {
            flow("- &step {log: x}\n" + Array(repeating: "- *step", count: count - 1).joined(separator: "\n"))
        }
        #expect(try parse(script(20_000)).stepLabels.count == 20_000)
        #expect(diagnostics(script(20_001)).contains { $0.contains("more than 20000 steps") })
    }

    @Test("a script of sixteen mebibytes, not one byte more")
    func scriptBytes() {
        let text = flow("- think: 1") + "\n#"
        let full = text + String(repeating: "x", count: DocumentReader.maximumBytes - text.utf8.count)
        #expect(diagnostics(full).isEmpty)
        #expect(diagnostics(full + "x").first?.contains("larger than 16777216 bytes") == true)
    }

    @Test("ten redirects are followed, not eleven")
    func redirects() async throws {
        for (length, outcome) in [(10, RunExitStatus.passed), (11, .failed)] {
            try await OddServer.with { request in
                let number = Int(request.target.dropFirst()) ?? 0
                return number == 0 ? .response(status: 200) : .response(status: 302, headers: ["location: /\(number - 1)"])
            } _: { server in
                let report = try await play(flow("- get: {url: /\(length)}", config: users(1), engine: "http"), url: server.url)
                #expect(report.verdict.exitStatus == outcome)
                #expect(report.aggregate.counters["errors.too many redirects"] == (outcome == .passed ? nil : 1))
            }
        }
    }

    @Test("the body of a response of 16,000,000 bytes, not one byte more")
    func responseBytes() async throws {
        for (bytes, isWhole) in [(16_000_000, true), (16_000_001, false)] {
            try await OddServer.with { _ in
                .response(status: 200, body: String(repeating: "x", count: bytes))
            } _: { server in
                let report = try await play(flow("- get: {url: /}", config: users(1), engine: "http"), url: server.url)
                #expect((report.verdict.exitStatus == .passed) == isWhole, "\(report.aggregate.counters)")
                let errors = report.aggregate.counters.keys.filter { $0.hasPrefix("errors.") }
                #expect(errors.allSatisfy { $0.contains("larger than 16000000 bytes") } && errors.isEmpty == isWhole)
            }
        }
    }

    @Test("sixty-four plans of connections are kept; the oldest makes room for another")
    func plans() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let context = RunContext(CompiledScript(try parse(flow("- think: 1"))), seed: 1)
        try await loop.submit {
            let player = LoopPlayer(on: loop, context, startedAt: .now(), localAddresses: [], log: { _ in }, finished: { _ in })
            func plan(_ number: Int) throws -> ConnectionPlan {
                let request = ConnectionRequest(
                    engine: .socketIO, url: "http://127.0.0.1:1", path: "/socket.io/", transports: [.websocket], query: [],
                    headers: [HTTPField("x-user", "\(number)")], subprotocols: [], namespace: "/", auth: nil, timeout: .seconds(1),
                    verifiesCertificates: true)
                return try player.plan(for: request, user: 0)
            }
            let first = try plan(0)
            for number in 1..<64 { _ = try plan(number) }
            #expect(player.plans.count == 64)
            #expect(try plan(0) === first)
            _ = try plan(64)
            #expect(player.plans.count == 64)
            let second = try plan(63)
            #expect(try plan(0) !== first)
            #expect(try plan(63) === second)
            _ = player.close()
        }.get()
    }

    @Test("a hundred diagnostics are kept, and the others are counted")
    func diagnosticCount() {
        var found = Diagnostics()
        func add(_ line: Int) { found.add(Diagnostic(.warning, at: SourcePosition(file: "a", line: line, column: 1), "x")) }
        for line in 1...100 { add(line) }
        #expect(found.entries.count == 100 && found.discarded == 0)
        add(101)
        #expect(found.entries.count == 100 && found.discarded == 1)
    }

    @Test("a JSON path finds ten thousand values, not one more")
    func pathMatches() throws {
        for (count, found) in [(10_000, 10_000), (10_001, 10_000)] {
            let list = ScriptValue.array(Array(repeating: .int(1), count: count))
            #expect(try JSONPath("$[*]").matches(in: list).count == found)
        }
    }

    @Test("a pattern searches a text of a mebibyte, not of one character more")
    func searchedTexts() throws {
        let pattern = try #require(Pattern("y"))
        for (length, isSearched) in [(1 << 20, true), ((1 << 20) + 1, false)] {
            let text = String(repeating: "x", count: length - 1) + "y"
            #expect((pattern.firstMatch(in: text, group: 0) == "y") == isSearched)
        }
    }

    @Test("two thousand periods; a run that is planned for longer has longer ones")
    func periods() {
        for (seconds, period) in [(99, 1), (100, 10), (20_000, 10), (20_010, 20), (40_000, 20), (40_020, 30)] as [(Int64, Int64)] {
            let end = RunInstant(nanoseconds: seconds * 1_000_000_000)
            #expect(RunCollector.periodNanoseconds(nil, end: end) == period * 1_000_000_000, "\(seconds)")
        }
    }

    @Test("sixty-four levels of a script, not sixty-five")
    func levels() {
        func isTooDeep(_ depth: Int) -> Bool {
            let block = (0..<depth).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
            return diagnostics(block).contains { $0.contains("levels of nesting") }
        }
        #expect(!isTooDeep(64) && isTooDeep(65))
    }

    @Test("a random string of a mebibyte, not longer")
    func randomStrings() {
        var scope = emptyScope()
        for (wanted, length) in [(1 << 20, 1 << 20), ((1 << 20) + 1, 1 << 20), (-1, 0)] {
            guard case .string(let text) = TemplateFunction.randomString.call([.int(wanted)], in: &scope) else {
                Issue.record("no string")
                continue
            }
            #expect(text.utf8.count == length)
        }
    }
}
