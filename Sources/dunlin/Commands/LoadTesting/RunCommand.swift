import ArgumentParser
import Dispatch
import Foundation
import LoadTesting
import NIOCore
import Synchronization

/// `dunlin run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Play a load test script against a Socket.IO, WebSocket or HTTP server.",
        discussion: """
            Artillery's scripts with the engines 'socketio', 'ws' and 'http'. Exit
            status: 0 passed; 1 a threshold, a condition or an expectation failed, or
            virtual users failed and no 'ensure' allows it; 2 the script is wrong; 3 the
            target was never reached. Ctrl-C ends the run and prints the summary; a
            second one stops at once.

            Examples:
              dunlin run chat.yml -t http://127.0.0.1:3001
              dunlin run classroom.yml -e staging -o run.json --html run.html
              dunlin run classroom.yml --time-scale 0.02 --seed 7
              dunlin run crowd.yml --workers 4 --local-address 127.0.0.2 --local-address 127.0.0.3
            """)

    @Argument(help: ArgumentHelp("The script, YAML or JSON.", valueName: "script"))
    var file: String

    @OptionGroup var script: ScriptCommandOptions
    @OptionGroup var options: RunOptions

    func run() async throws {
        let loaded = try LoadedScript.read(file, options: script)
        for warning in loaded.script.warnings { Terminal.error(warning.description) }
        let report = try await options.play(loaded, as: "run", file, script)
        if options.worker != nil { return }
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
        commandName: "journey", abstract: "Let users follow journeys on a Socket.IO server.",
        discussion: """
            The file has targetUrl, maxConcurrentUsers, rampUpDuration and testDuration
            in seconds, and userJourneys: steps of the types emit, wait and expect.

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
        let report = try await options.play(loaded, as: "journey", file, script)
        if options.worker != nil { return }
        Terminal.print(LoadTestMetrics(report).text)
        if !options.quiet {
            let ended = report.startedAtMilliseconds + Int64(report.seconds * 1000)
            Terminal.print(ConsoleReport.summary(report, at: Timestamp.clockOfDay(ended)))
        }
        try options.end(report)
    }
}

/// Options of a run and what becomes of its report.
struct RunOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Write Artillery's JSON report.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Write one self-contained HTML file.", valueName: "file"))
    var html: String?

    @Option(help: ArgumentHelp("Write JUnit XML.", valueName: "file"))
    var junit: String?

    @Option(name: .customLong("time-scale"), help: ArgumentHelp("Multiplies think times, pauses and durations.", valueName: "factor"))
    var timeScale = 1.0

    @Option(help: ArgumentHelp("Fixes every random choice (default: a random one, which the report names).", valueName: "n"))
    var seed: UInt64?

    @Option(name: .customLong("event-loops"), help: ArgumentHelp("Threads (default: one per processor).", valueName: "n"))
    var eventLoops: Int?

    @Option(help: ArgumentHelp("Play with this many processes: more cores, more descriptors.", valueName: "n"))
    var workers = 1

    /// `NUMBER/COUNT@UPTIME`, for a process that another one of this command starts.
    @Option(help: .hidden)
    var worker: WorkerNumber?

    @Option(
        name: .customLong("local-address"),
        help: ArgumentHelp("Connect from this address; may be repeated, beyond 28,000 connections.", valueName: "ip"))
    var localAddresses: [String] = []

    @Option(
        name: .customLong("metrics-port"), help: ArgumentHelp("Serve Prometheus' /metrics on 127.0.0.1 during the run.", valueName: "port"))
    var metricsPort: Int?

    @Flag(name: [.customShort("q"), .long], help: "No progress and no summary.")
    var quiet = false

    @Flag(name: [.customShort("v"), .long], help: "Also print what 'log' steps say.")
    var verbose = false

    func validate() throws {
        guard timeScale > 0, timeScale <= 1000 else { throw ValidationError("--time-scale must be above 0") }
        for address in localAddresses where (try? SocketAddress(ipAddress: address, port: 0)) == nil {
            throw ValidationError("not an IP address: '\(address)'")
        }
        if let metricsPort, !(1...65_535).contains(metricsPort) { throw ValidationError("--metrics-port must be from 1 to 65535") }
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be from 1 to 64") }
        if let eventLoops, !(1...256).contains(eventLoops) { throw ValidationError("--event-loops must be from 1 to 256") }
    }

    /// Plays a script, with Ctrl-C at hand.
    ///
    /// - Parameters:
    ///   - command: `run` or `journey`, for worker processes.
    ///   - script: what changes the script, for the same.
    func play(_ loaded: LoadedScript, as command: String, _ file: String, _ script: ScriptCommandOptions) async throws -> RunReport {
        var settings = LoadRunOptions(
            seed: seed ?? .random(in: 0...(1 << 53)), startedAtMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        settings.version = DunlinVersion.current
        settings.timeScale = timeScale
        settings.localAddresses = localAddresses
        settings.eventLoops = eventLoops ?? max(ProcessInfo.processInfo.activeProcessorCount / workers, 1)
        if let worker { return try await self.play(loaded, as: worker, settings) }
        var observer = observer()
        let endpoint = metricsPort.map { LoadMetricsEndpoint(port: $0) }
        if let endpoint { observer.measured = { endpoint.show($0, catalog: $1, activeUsers: $2) } }
        let body: @Sendable () async throws -> RunReport
        let signals: [any DispatchSourceSignal]
        if workers > 1 {
            guard loaded.script.before == nil, loaded.script.after == nil else {
                throw CommandFailure(.usage, "'before' and 'after' are played by one process: leave out --workers")
            }
            let processes = WorkerProcesses()
            let merger = WorkerMerger(loaded.script, options: settings, workers: workers)
            // Time for the processes to start.
            let start = DispatchTime.now().uptimeNanoseconds + 1_000_000_000
            let arguments = [command, file] + script.arguments + workerArguments(settings)
            signals = await Self.onInterrupt { processes.stop() }
            body = { [workers, observer] in
                try await processes.run(merger, count: workers, observer: observer) {
                    arguments + ["--worker", "\($0)/\(workers)@\(start)"]
                }
            }
        } else {
            let run = LoadRun(loaded.script, payloads: loaded.payloads, options: settings, observer: observer)
            signals = await Self.onInterrupt { run.stop() }
            body = { try await run.run() }
        }
        defer { for signal in signals { signal.cancel() } }
        guard let endpoint else { return try await body() }
        return try await endpoint.serve(body)
    }

    private func workerArguments(_ settings: LoadRunOptions) -> [String] {
        ["--seed", "\(settings.seed)", "--time-scale", "\(timeScale)", "--event-loops", "\(settings.eventLoops)"]
            + localAddresses.flatMap { ["--local-address", $0] } + (verbose ? ["-v"] : [])
    }

    /// One of several processes: tells what it measures, and ends when nobody listens any more.
    private func play(_ loaded: LoadedScript, as worker: WorkerNumber, _ settings: LoadRunOptions) async throws -> RunReport {
        var settings = settings
        settings.share = worker.share
        settings.startUptimeNanoseconds = worker.startUptimeNanoseconds
        var observer = LoadRunObserver()
        observer.told = { Terminal.print($0.line) }
        if verbose { observer.log = { Terminal.print(WorkerMessage.log($0).line) } }
        let run = LoadRun(loaded.script, payloads: loaded.payloads, options: settings, observer: observer)
        let signals = await Self.onInterrupt { run.stop() }
        defer { for signal in signals { signal.cancel() } }
        Thread.detachNewThread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            run.stop()
        }
        return try await run.run()
    }

    private func observer() -> LoadRunObserver {
        var observer = LoadRunObserver()
        if verbose { observer.log = { Terminal.print($0) } }
        guard !quiet else { return observer }
        if Terminal.isInteractive {
            // Drawn over what was drawn a second ago.
            let drawn = Mutex(0)
            let width = ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init) ?? 80
            observer.progress = { snapshot in
                let lines = ProgressView.lines(snapshot, width: width)
                let above = drawn.withLock { count in
                    defer { count = lines.count }
                    return count
                }
                Terminal.error((above > 0 ? "\u{1B}[\(above)A\u{1B}[J" : "") + lines.joined(separator: "\n"))
            }
            return observer
        }
        observer.phaseStarted = { phase, index in
            Terminal.error("Phase started: \(phase.name ?? "unnamed") (index: \(index))")
        }
        observer.progress = { snapshot in
            if Int(snapshot.elapsed.rounded()) % 10 == 0 { Terminal.error(ProgressView.line(snapshot)) }
        }
        observer.periodEnded = { period, width in
            // The short periods of a short run are for the charts.
            guard width >= .seconds(10) else { return }
            let end = Timestamp.clockOfDay(period.period + width.components.seconds * 1000)
            let seconds = Double((period.lastMetricAt ?? 0) - (period.firstMetricAt ?? 0)) / 1000
            Terminal.print(ConsoleReport.period(period, endsAt: end, seconds: seconds))
        }
        return observer
    }

    /// The first signal ends the run, the second one the process. Returns when both are watched: one that came before would be lost.
    private static func onInterrupt(_ stop: @escaping @Sendable () -> Void) async -> [any DispatchSourceSignal] {
        var sources: [any DispatchSourceSignal] = []
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            let count = Mutex(0)
            source.setEventHandler {
                let isRepeated = count.withLock { count in
                    count += 1
                    return count > 1
                }
                if isRepeated { Terminal.end(status: 128 + number) }
                stop()
            }
            await withCheckedContinuation { continuation in
                source.setRegistrationHandler { continuation.resume() }
                source.resume()
            }
            sources.append(source)
        }
        return sources
    }

    /// Writes the files and ends with the verdict's status.
    func end(_ report: RunReport) throws {
        if let output { try ReportCommand.write(JSONReport.write(report), to: output) }
        if let html { try ReportCommand.write(HTMLReport.write(report), to: html) }
        if let junit { try ReportCommand.write(JUnitReport.write(report), to: junit) }
        guard report.verdict.exitStatus != .passed else { return }
        for check in report.verdict.checks where !check.passed && check.isStrict {
            Terminal.error("failed: \(check.name) (\(check.detail))")
        }
        throw ExitCode(report.verdict.exitStatus.rawValue)
    }
}

/// Which of several processes this one is, and when all of them begin.
struct WorkerNumber: ExpressibleByArgument {
    let share: WorkerShare
    let startUptimeNanoseconds: UInt64

    init?(argument: String) {
        let parts = argument.split(whereSeparator: { "/@".contains($0) })
        guard parts.count == 3, let index = Int(parts[0]), let count = Int(parts[1]), let start = UInt64(parts[2]),
            (1...64).contains(count), (0..<count).contains(index)
        else { return nil }
        self.share = WorkerShare(index: index, of: count)
        self.startUptimeNanoseconds = start
    }
}
