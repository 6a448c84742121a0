import ArgumentParser
import Foundation
import LoadTesting

/// `dunlin check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate a load test script or a journey file, without running it.",
        discussion: """
            Every mistake is named with file, line, column and the nearest known name;
            what would have no effect is a warning. The exit status is 0 if the file
            can be run and 2 if it cannot.

            Examples:
              dunlin check classroom.yml
              dunlin check classroom.yml -e staging
              dunlin check classroom.yml --overrides '{"config": {"phases": [{"duration": 5, "arrivalRate": 1}]}}'
              dunlin check journeys.json
            """)

    @Argument(help: ArgumentHelp("The script or journey file, YAML or JSON.", valueName: "file"))
    var file: String

    @OptionGroup var options: ScriptCommandOptions

    func run() throws {
        let loaded = try LoadedScript.read(file, options: options)
        for warning in loaded.script.warnings { Terminal.error(warning.description) }
        if loaded.script.configuration.phases.isEmpty { Terminal.error("\(LoadedScript.noPhases(in: file, .warning))") }
        Terminal.print("\(file): \(loaded.kind) is right. \(loaded.script.summary)")
    }
}

/// Options that change what a script means, for every command that reads one.
struct ScriptCommandOptions: ParsableArguments {
    @Option(name: [.customShort("t"), .long], help: ArgumentHelp("Instead of the script's target.", valueName: "url"))
    var target: String?

    @Option(name: [.customShort("e"), .long], help: ArgumentHelp("An environment of config.environments.", valueName: "name"))
    var environment: String?

    @Option(name: [.customShort("p"), .long], help: ArgumentHelp("Instead of the payload's file.", valueName: "file"))
    var payload: String?

    @Option(name: [.customShort("c"), .customLong("config")], help: ArgumentHelp("A file merged into config.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("A JSON object merged into the script.", valueName: "json"))
    var overrides: String?

    @Option(name: .customLong("variables"), help: ArgumentHelp("A JSON object with variables.", valueName: "json"))
    var variables: String?

    @Option(name: .customLong("scenario-name"), help: ArgumentHelp("Only this scenario.", valueName: "name"))
    var scenarioName: String?

    @Option(help: ArgumentHelp("A file with variables of the environment, NAME=value; those that are set win.", valueName: "file"))
    var dotenv: String?

    @Flag(name: [.customShort("k"), .long], help: "Do not verify certificates.")
    var insecure = false

    @Flag(name: [.customShort("s"), .long], help: "One virtual user instead of the script's phases.")
    var solo = false
}

/// A script with its payloads, read from files.
struct LoadedScript: Sendable {
    let source: ScriptSource
    let script: Script
    let payloads: PayloadRows

    /// What the file is, for messages.
    var kind: String { source.isJourneyFile ? "the journey file" : "the script" }

    /// Prints what is wrong, line by line, and ends with the status of a wrong script.
    static func read(_ file: String, options: ScriptCommandOptions) throws -> LoadedScript {
        let text = try Self.contents(of: file)
        let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
        var settings = ScriptOptions()
        settings.target = options.target
        settings.environment = options.environment
        settings.overrides = options.overrides
        settings.variables = options.variables
        settings.scenarioName = options.scenarioName
        settings.isInsecure = options.insecure
        settings.isSolo = options.solo
        settings.testID = "t" + String(UInt64.random(in: .min ... .max), radix: 36)
        settings.processEnvironment = ProcessInfo.processInfo.environment
        settings.directory = directory
        settings.payloadPath = options.payload.map { URL(fileURLWithPath: $0).path }
        if let config = options.config { settings.configuration = .init(name: config, text: try Self.contents(of: config)) }
        if let dotenv = options.dotenv {
            let text = try Self.contents(of: dotenv)
            try Self.complaining { () throws(Diagnostics) in try settings.addEnvironment(text, file: dotenv) }
        }
        let source = ScriptSource(file: file, text: text, directory: directory, options: settings)
        return try Self.complaining { () throws(Diagnostics) in
            let script = try source.script()
            return LoadedScript(source: source, script: script, payloads: try PayloadRows(script, directory: directory))
        }
    }

    /// Prints what is wrong and ends with the status of a wrong script.
    static func complaining<Value>(_ body: () throws(Diagnostics) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            for diagnostic in error.entries { Terminal.error(diagnostic.description) }
            if error.discarded > 0 { Terminal.error("\(error.discarded) more") }
            throw ExitCode(RunExitStatus.wrongScript.rawValue)
        }
    }

    /// Whoever checks a script may give its phases later, with an environment or with `--overrides`; nobody can play it without.
    func requirePhases() throws {
        guard script.configuration.phases.isEmpty else { return }
        Terminal.error("\(Self.noPhases(in: source.file, .error))")
        throw ExitCode(RunExitStatus.wrongScript.rawValue)
    }

    static func noPhases(in file: String, _ severity: Diagnostic.Severity) -> Diagnostic {
        Diagnostic(
            severity, at: SourcePosition(file: file, line: 1, column: 1),
            "config has no 'phases': nobody would begin; add some, choose an environment with -e, or play one user with -s")
    }

    private static func contents(of file: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: file) else {
            Terminal.error("dunlin: \(file) cannot be read")
            throw ExitCode(RunExitStatus.wrongScript.rawValue)
        }
        guard let text = String(data: data, encoding: .utf8) else {
            Terminal.error("\(file):1:1: error: the file is not UTF-8")
            throw ExitCode(RunExitStatus.wrongScript.rawValue)
        }
        return text
    }
}
