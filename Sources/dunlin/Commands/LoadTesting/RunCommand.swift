import ArgumentParser
import Foundation
import LoadTesting

/// `dunlin run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Play a load test script against a Socket.IO, WebSocket or HTTP server.",
        discussion: """
            Plays Artillery scripts with the engines 'socketio', 'ws' and 'http'.

            Exit status: 0 passed; 1 a threshold, a condition or an expectation failed,
            or virtual users failed and no 'ensure' allows it; 2 the script is wrong;
            3 the target was never reached. Ctrl-C ends the run and prints the summary;
            a second Ctrl-C stops at once.

            Examples:
              dunlin run chat.yml -t http://127.0.0.1:3001
              dunlin run classroom.yml -e staging -o run.json --html run.html
              dunlin run classroom.yml --time-scale 0.02 --seed 7
              dunlin run crowd.yml --workers 4 --local-address 127.0.0.2 --local-address 127.0.0.3
              dunlin run crowd.yml --redis redis://10.0.0.5:6379 --machines 3
              dunlin run nightly.yml --push-gateway http://127.0.0.1:9091
            """)

    @Argument(help: ArgumentHelp("The script, YAML or JSON.", valueName: "script"))
    var file: String

    @OptionGroup var script: ScriptCommandOptions
    @OptionGroup var options: RunOptions

    func run() async throws {
        let loaded = try LoadedScript.read(file, options: script)
        for warning in loaded.script.warnings { Terminal.error(warning.description) }
        try loaded.requirePhases()
        let report = try await options.play(loaded)
        if !options.quiet {
            let ended = report.startedAtMilliseconds + Int64(report.seconds * 1000)
            Terminal.print(ConsoleReport.summary(report, at: Timestamp.clockOfDay(ended)))
        }
        try options.end(report)
    }
}

/// `dunlin journey`.
struct JourneyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journey", abstract: "Play user journeys against a Socket.IO server.",
        discussion: """
            The file has targetUrl, maxConcurrentUsers, rampUpDuration and testDuration
            (seconds), and userJourneys with steps of the types emit, wait and expect
            (milliseconds).

            Examples:
              dunlin journey journeys.json
              dunlin journey journeys.yml -t http://127.0.0.1:3001 --time-scale 0.1
            """)

    @Argument(help: ArgumentHelp("The journey file, JSON or YAML.", valueName: "file"))
    var file: String

    @OptionGroup var script: ScriptCommandOptions
    @OptionGroup var options: RunOptions

    func run() async throws {
        let loaded = try LoadedScript.read(file, options: script)
        for warning in loaded.script.warnings { Terminal.error(warning.description) }
        let report = try await options.play(loaded)
        Terminal.print(LoadTestMetrics(report).text)
        if !options.quiet {
            let ended = report.startedAtMilliseconds + Int64(report.seconds * 1000)
            Terminal.print(ConsoleReport.summary(report, at: Timestamp.clockOfDay(ended)))
        }
        try options.end(report)
    }
}
