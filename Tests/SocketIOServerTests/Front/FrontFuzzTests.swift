import Foundation
import Testing

@testable import SocketIOServer

@Suite("Random sequences of requests, pipelined and cut anywhere")
struct FrontFuzzTests {
    /// `FUZZ_SEEDS` and `FUZZ_FIRST_SEED` choose the seeds, `FUZZ_SECONDS` ends the run earlier.
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    @Test("the server answers each request at most once and in order, and keeps nothing in the end")
    func sequences() throws {
        let first = UInt64(Self.number("FUZZ_FIRST_SEED") ?? 1)
        let seeds = UInt64(Self.number("FUZZ_SEEDS") ?? 300)
        let end = ContinuousClock.now + .seconds(Self.number("FUZZ_SECONDS") ?? 20)
        let trace = FuzzTrace()
        for seed in first..<(first + seeds) {
            let steps = FrontFuzzer.steps(seed: seed)
            // Before the run: after a trap nobody can tell.
            try trace.write("seed \(seed)\n" + steps.map(\.description).joined(separator: "\n"))
            let problems = try FrontFuzzer(seed: seed).run(steps)
            try #require(problems.isEmpty, "seed \(seed): \(problems)\n\(steps.map(\.description).joined(separator: "\n"))")
            // The first seed always runs: a machine that is too slow for all of them still tests something.
            if ContinuousClock.now >= end { break }
        }
        trace.remove()
    }

    @Test("a seed gives the same sequence each time")
    func repeatable() {
        #expect(FrontFuzzer.steps(seed: 7).map(\.description) == FrontFuzzer.steps(seed: 7).map(\.description))
        #expect(FrontFuzzer.steps(seed: 7).map(\.description) != FrontFuzzer.steps(seed: 8).map(\.description))
    }
}

/// Where the sequence stands that is being run, for whoever finds the process dead: the file that `FUZZ_TRACE` names.
private struct FuzzTrace {
    private let path = ProcessInfo.processInfo.environment["FUZZ_TRACE"]

    func write(_ text: String) throws {
        if let path { try text.write(toFile: path, atomically: false, encoding: .utf8) }
    }

    func remove() {
        if let path { try? FileManager.default.removeItem(atPath: path) }
    }
}
