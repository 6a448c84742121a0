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

    /// The same options on a command line, for another process.
    var arguments: [String] {
        let options = [
            ("-t", target), ("-e", environment), ("-p", payload), ("-c", config), ("--overrides", overrides), ("--variables", variables),
            ("--scenario-name", scenarioName),
        ]
        return options.flatMap { name, value in value.map { [name, $0] } ?? [] }
    }
}

/// A script with its payloads, read from files.
struct LoadedScript {
    /// What the file is, for messages.
    let kind: String
    let script: Script
    let payloads: PayloadRows

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
        settings.processEnvironment = ProcessInfo.processInfo.environment
        settings.directory = directory
        settings.payloadPath = options.payload.map { URL(fileURLWithPath: $0).path }
        if let config = options.config { settings.configuration = .init(name: config, text: try Self.contents(of: config)) }
        do {
            return try Self.parse(text, file: file, directory: directory, settings: settings)
        } catch {
            for diagnostic in error.entries { Terminal.error(diagnostic.description) }
            if error.discarded > 0 { Terminal.error("\(file): \(error.discarded) more") }
            throw ExitCode(RunExitStatus.wrongScript.rawValue)
        }
    }

    private static func parse(
        _ text: String, file: String, directory: String, settings: ScriptOptions
    ) throws(Diagnostics) -> LoadedScript {
        let script: Script
        let kind: String
        if LoadTestConfiguration.describes(text) {
            script = try LoadTestConfiguration.parse(text, file: file, options: settings)
            kind = "the journey file"
        } else {
            script = try ScriptParser.parse(text, file: file, options: settings)
            kind = "the script"
        }
        return LoadedScript(kind: kind, script: script, payloads: try PayloadRows(script, directory: directory))
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
