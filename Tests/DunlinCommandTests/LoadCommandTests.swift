import Foundation
import Testing

/// The commands of load testing that need no server, run as their users run them.
@Suite("dunlin check, report and init", .timeLimit(.minutes(10)))
struct LoadCommandTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    private static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("dunlin")

    /// Runs the command in a folder that holds some files, and gives the files that it wrote to `reading`.
    private func run(_ arguments: [String], files: [String: String] = [:], reading: (URL) throws -> Void = { _ in }) throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dunlin-load-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = folder.appendingPathComponent("output.txt")
        let errors = folder.appendingPathComponent("errors.txt")
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        try reading(folder)
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    private let script = """
        config:
          target: http://127.0.0.1:1
          phases: [{duration: 60, arrivalRate: 5}]
        scenarios:
          - engine: socketio
            flow:
              - emit: [hello, "{{ $randomInt(1, 2) }}"]
        """

    @Test("check accepts a right script with status 0 and one line about it")
    func right() throws {
        let outcome = try run(["check", "a.yml"], files: ["a.yml": script])
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        #expect(outcome.output == "a.yml: the script is valid. 1 scenario, 1 phase, 1 min, 300 arrivals\n")
    }

    @Test("check refuses a wrong script with status 2 and file, line, column and the nearest name")
    func wrong() throws {
        let outcome = try run(["check", "a.yml"], files: ["a.yml": script.replacingOccurrences(of: "$randomInt", with: "$randomnt")])
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(outcome.errors == "a.yml:7:27: error: unknown function $randomnt(); did you mean '$randomInt'?\n")
    }

    @Test("check: a file that is not there, or a payload that is not, has status 2 as well")
    func absent() throws {
        #expect(try run(["check", "none.yml"]).status == 2)
        let text = script.replacingOccurrences(of: "  phases", with: "  payload: {path: none.csv, fields: [a]}\n  phases")
        let outcome = try run(["check", "a.yml"], files: ["a.yml": text])
        #expect(outcome.status == 2 && outcome.errors.contains("a.yml:3:19: error: the payload file 'none.csv' cannot be read"))
    }

    @Test("check knows journey files, environments and overrides")
    func options() throws {
        let journeys = """
            {"targetUrl": "http://h", "maxConcurrentUsers": 2, "rampUpDuration": 1, "testDuration": 1,
             "userJourneys": [{"name": "a", "weight": 1, "steps": [{"type": "emit", "event": "x"}]}]}
            """
        #expect(
            try run(["check", "j.json"], files: ["j.json": journeys]).output.hasPrefix("j.json: the journey file is valid. 1 scenario"))
        let mistyped = try run(["check", "j.json"], files: ["j.json": journeys.replacingOccurrences(of: "\"emit\"", with: "\"emitt\"")])
        #expect(mistyped.status == 2 && mistyped.errors.hasPrefix("j.json:2:"))
        #expect(try run(["check", "a.yml", "-e", "none"], files: ["a.yml": script]).status == 2)
        let overrides = #"{"config": {"phases": [{"duration": 2, "arrivalCount": 7}]}}"#
        #expect(try run(["check", "a.yml", "--overrides", overrides], files: ["a.yml": script]).output.contains("2 s, 7 arrivals"))
    }

    @Test("init load writes a script that check accepts, and never overwrites a file")
    func initialise() throws {
        var text = ""
        let outcome = try run(["init", "load", "mine.yml"]) { folder in
            text = try String(contentsOf: folder.appendingPathComponent("mine.yml"), encoding: .utf8)
        }
        #expect(outcome.status == 0 && outcome.output.contains("dunlin check mine.yml"))
        #expect(try run(["check", "mine.yml"], files: ["mine.yml": text]).status == 0)
        let again = try run(["init", "load", "mine.yml"], files: ["mine.yml": "x"])
        #expect(again.status == 73 && again.errors == "dunlin: mine.yml already exists\n")
    }

    @Test("report shows Artillery's reports, writes HTML and JUnit, compares two reports, and refuses other files")
    func report() throws {
        func artillery(_ p99: Int) -> String {
            """
            {"aggregate": {"counters": {"vusers.created": 3, "vusers.completed": 3, "socketio.emit": 9}, "rates": {}, "firstMetricAt": 1000,
             "lastMetricAt": 6000, "summaries": {"socketio.response_time": {"min": 1, "max": 90, "count": 9, "mean": 2, "p50": 2, "p95": 5,
             "p99": \(p99), "p999": 90}}}, "intermediate": []}
            """
        }
        var html = ""
        let outcome = try run(["report", "a.json", "--html", "a.html", "--junit", "a.xml"], files: ["a.json": artillery(20)]) { folder in
            html = try String(contentsOf: folder.appendingPathComponent("a.html"), encoding: .utf8)
            #expect(try String(contentsOf: folder.appendingPathComponent("a.xml"), encoding: .utf8).contains("<testsuite "))
        }
        #expect(outcome.status == 0 && outcome.output.contains("Summary report @") && html.contains("</html>"))
        let comparison = try run(["report", "a.json", "b.json"], files: ["a.json": artillery(40), "b.json": artillery(20)])
        #expect(comparison.output.contains("+100 % !"))
        #expect(try run(["report", "none.json"]).status == 66)
        #expect(try run(["report", "a.json"], files: ["a.json": "{}"]).status == 65)
        let unwritable = try run(["report", "a.json", "--html", "no/such/a.html"], files: ["a.json": artillery(20)])
        #expect(unwritable.status == 73 && unwritable.errors.hasPrefix("dunlin: cannot write no/such/a.html: "))
    }

    @Test("a worker without the URL of a Redis server has the status of a wrong command line")
    func workerWithoutRedis() throws {
        let outcome = try run(["worker"])
        #expect(outcome.status == 64 && outcome.errors.hasPrefix("dunlin: ") && outcome.errors.contains("--redis redis://HOST:PORT"))
        #expect(outcome.output.isEmpty)
    }
}
