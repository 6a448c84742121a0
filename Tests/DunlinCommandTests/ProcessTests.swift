import Foundation
import Synchronization
import Testing

/// The program itself, run as its users run it.
@Suite("dunlin as a process", .timeLimit(.minutes(10)))
struct ProcessTests {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: [Substring]
    }

    /// Beside the tests' own program.
    private static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("dunlin")

    /// What lies in the folder of each run.
    private static let files = [
        "empty": "", "questions": "#Q What?\n^ yes\nA yes\nB no\n",
        "script.yml": """
        config: {target: "http://127.0.0.1:1", phases: [{duration: 1, arrivalRate: 1}]}
        scenarios: [{engine: socketio, flow: [{emit: {channel: "hello"}}]}]
        """,
    ]

    /// Runs the command in a folder of its own, and once it says that it listens, `whileListening` with its process and address.
    private static func run(
        _ arguments: [String], environment: [String: String] = [:], whileListening: (@Sendable (Process, String) -> Void)? = nil
    ) async throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dunlin-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, content) in files { try Data(content.utf8).write(to: folder.appendingPathComponent(name)) }
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = folder
        process.standardOutput = output
        process.standardError = errors
        let text = Mutex("")
        output.fileHandleForReading.readabilityHandler = { handle in
            let part = String(decoding: handle.availableData, as: UTF8.self)
            let address: Substring? = text.withLock { text in
                let isKnown = text.contains("\n")
                text += part
                guard !isKnown, text.contains("\n") else { return nil }
                return text.prefix { $0 != "\n" }.split(separator: "listening on ").last
            }
            if let address { whileListening?(process, String(address)) }
        }
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { process in
                output.fileHandleForReading.readabilityHandler = nil
                let rest = (try? output.fileHandleForReading.readToEnd()) ?? Data()
                let problems = (try? errors.fileHandleForReading.readToEnd()) ?? Data()
                continuation.resume(
                    returning: Outcome(
                        status: process.terminationStatus, output: text.withLock { $0 } + String(decoding: rest, as: UTF8.self),
                        errors: String(decoding: problems, as: UTF8.self).split(separator: "\n")))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }

    @Test(
        "what is wrong at the start is one line on standard error and a status out of sysexits",
        arguments: [
            ("serve --nonsense", 64), ("serve --port x", 64), ("serve --port 65536", 64), ("frobnicate", 64), ("token revoke", 64),
            ("import", 64), ("serve --database nonsense", 64), ("serve --database sqlite:/nowhere/at/all.sqlite", 69),
            ("serve --database postgres://user:hunter2@localhost/x", 69), ("serve --database memory: --redis redis://localhost:1", 69),
            ("serve --tokens /nowhere/tokens.json", 66), ("serve --tokens empty", 65), ("serve --jwt-secret-file empty", 65),
            ("import /nowhere.txt --format opentriviaqa", 66), ("import empty --format opentriviaqa", 65),
            ("token revoke nothing --database sqlite:not-there.sqlite", 69), ("token revoke --user ada --database memory:", 64),
            ("token create --user ada --database memory:", 64), ("import questions --format opentriviaqa --database memory:", 64),
            ("backup copy --database sqlite:/nowhere/x.sqlite", 69), ("init load /nowhere/load.yml", 73), ("nonsense --help", 64),
            ("run script.yml -o /nowhere/report.json", 73), ("run script.yml --html /nowhere/report.html", 73),
            ("run script.yml --junit /", 73), ("worker --redis redis://localhost:1", 69),
        ] as [(String, Int32)])
    func failures(arguments: String, status: Int32) async throws {
        let outcome = try await Self.run(arguments.split(separator: " ").map(String.init))
        #expect(outcome.status == status)
        #expect(outcome.errors.count == 1 && outcome.errors.first?.hasPrefix("dunlin: ") == true, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(!outcome.errors.joined().contains("hunter2"))
    }

    @Test("help goes to standard output", arguments: ["--help", "serve --help", "token create --help", "import --help"])
    func help(arguments: String) async throws {
        let outcome = try await Self.run(arguments.split(separator: " ").map(String.init))
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        #expect(outcome.output.contains("Examples:"))
    }

    @Test("a server prints one line, and SIGTERM and SIGINT end it with status 0", arguments: [SIGTERM, SIGINT])
    func signals(signal: Int32) async throws {
        let outcome = try await Self.run(
            ["serve", "--port", "0"], environment: ["DUNLIN_DATABASE": "memory:", "DUNLIN_LOG_LEVEL": "error"]
        ) { process, _ in
            kill(process.processIdentifier, signal)
        }
        #expect(outcome.status == 0)
        #expect(outcome.output.wholeMatch(of: /listening on http:\/\/127\.0\.0\.1:[1-9][0-9]*\n/) != nil)
        #expect(outcome.errors.isEmpty)
    }

    @Test("a taken port is status 73")
    func takenPort() async throws {
        let (outcomes, continuation) = AsyncStream.makeStream(of: Outcome?.self)
        let first = try await Self.run(["serve", "--port", "0", "--database", "memory:"]) { process, address in
            let port = String(address.split(separator: ":").last ?? "")
            let first = process.processIdentifier
            Task {
                continuation.yield(try? await Self.run(["serve", "--port", port, "--database", "memory:"]))
                kill(first, SIGTERM)
            }
        }
        #expect(first.status == 0)
        let outcome = try #require(await outcomes.first { _ in true } ?? nil)
        #expect(outcome.status == 73)
        #expect(outcome.errors.count == 1 && outcome.errors.first?.contains("is taken") == true)
    }

    @Test("a token is printed once and can be revoked")
    func tokens() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("dunlin-test-\(UUID().uuidString).sqlite").path
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) } }
        let environment = ["DUNLIN_DATABASE": "sqlite:\(file)"]
        let created = try await Self.run(["token", "create", "--user", "ada", "--expires", "1d"], environment: environment)
        #expect(created.status == 0)
        let token = try #require(created.output.split(separator: "\n").first.map(String.init))
        #expect(try await Self.run(["token", "revoke", token], environment: environment).status == 0)
        #expect(try await Self.run(["token", "revoke", token], environment: environment).status == 67)
    }
}
