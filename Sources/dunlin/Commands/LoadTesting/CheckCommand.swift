import ArgumentParser
import Foundation
import LoadTesting

/// `dunlin check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate a load test script or a journey file, without running it.",
        discussion: """
            Reports each mistake with file, line, column and the nearest known name.
            Settings without effect are warnings. The exit status is 0 if the file is
            valid and 2 if it is not.

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
        Terminal.print("\(file): \(loaded.kind) is valid. \(loaded.script.summary)")
    }
}

/// Options that change a script's meaning, for every command that reads one.
struct ScriptCommandOptions: ParsableArguments {
    @Option(name: [.customShort("t"), .long], help: ArgumentHelp("Use this target instead of the script's.", valueName: "url"))
    var target: String?

    @Option(name: [.customShort("e"), .long], help: ArgumentHelp("Use this environment of config.environments.", valueName: "name"))
    var environment: String?

    @Option(name: [.customShort("p"), .long], help: ArgumentHelp("Read this file instead of the script's payload.", valueName: "file"))
    var payload: String?

    @Option(name: [.customShort("c"), .customLong("config")], help: ArgumentHelp("Merge this file into config.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Merge this JSON object into the script.", valueName: "json"))
    var overrides: String?

    @Option(name: .customLong("variables"), help: ArgumentHelp("Set the variables of this JSON object.", valueName: "json"))
    var variables: String?

    @Option(name: .customLong("scenario-name"), help: ArgumentHelp("Play only this scenario.", valueName: "name"))
    var scenarioName: String?

    @Option(help: ArgumentHelp("Read environment variables, NAME=value, from this file. Variables already set win.", valueName: "file"))
    var dotenv: String?

    @Flag(name: [.customShort("k"), .long], help: "Do not verify certificates.")
    var insecure = false

    @Flag(name: [.customShort("s"), .long], help: "Play one virtual user instead of the script's phases.")
    var solo = false
}

/// A script with its payloads, read from files.
struct LoadedScript: Sendable {
    let source: ScriptSource
    let script: Script
    let payloads: PayloadRows

    /// The kind of the file in words, for messages.
    var kind: String { source.isJourneyFile ? "the journey file" : "the script" }

    /// Reads a file with its payloads.
    ///
    /// - Throws: the status of a wrong script, after the errors were printed, one per line.
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

    /// Performs the body. Prints its diagnostics, one per line, and throws the status of a wrong script.
    static func complaining<Value>(_ body: () throws(Diagnostics) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            for diagnostic in error.entries { Terminal.error(diagnostic.description) }
            if error.discarded > 0 { Terminal.error("and \(error.discarded) more") }
            throw ExitCode(RunExitStatus.wrongScript.rawValue)
        }
    }

    /// Refuses to play a script without phases. `check` accepts it, because an environment or `--overrides` may add them later.
    ///
    /// - Throws: the status of a wrong script.
    func requirePhases() throws {
        guard script.configuration.phases.isEmpty else { return }
        Terminal.error("\(Self.noPhases(in: source.file, .error))")
        throw ExitCode(RunExitStatus.wrongScript.rawValue)
    }

    static func noPhases(in file: String, _ severity: Diagnostic.Severity) -> Diagnostic {
        Diagnostic(
            severity, at: SourcePosition(file: file, line: 1, column: 1),
            "config has no 'phases', so no virtual user would begin; add some, choose an environment with -e, or use -s")
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
