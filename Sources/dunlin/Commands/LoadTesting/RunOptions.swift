import ArgumentParser
import Foundation
import LoadTesting
import NIOCore
import SocketIOHummingbird
import Synchronization

/// Options of a run and of its reports.
struct RunOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("Write the report as JSON, in Artillery's format.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Write the report as one self-contained HTML file.", valueName: "file"))
    var html: String?

    @Option(help: ArgumentHelp("Write the checks as JUnit XML.", valueName: "file"))
    var junit: String?

    @Option(name: .customLong("time-scale"), help: ArgumentHelp("Multiply think times, pauses and durations by this.", valueName: "factor"))
    var timeScale = 1.0

    @Option(help: ArgumentHelp("Fix every random choice (default: a random seed, which the report names).", valueName: "n"))
    var seed: UInt64?

    @Option(name: .customLong("event-loops"), help: ArgumentHelp("The number of threads (default: one per processor).", valueName: "n"))
    var eventLoops: Int?

    @Option(help: ArgumentHelp("The number of processes: each has its own limit of descriptors.", valueName: "n"))
    var workers = 1

    @Option(help: ArgumentHelp("Distribute the run to machines that run 'dunlin worker' with the same URL.", valueName: "url"))
    var redis: String?

    @Option(
        help: ArgumentHelp(
            "The number of machines. If one is missing for 5 seconds, this machine plays its part.", valueName: "n"))
    var machines = 1

    @Option(
        name: .customLong("local-address"),
        help: ArgumentHelp("Connect from this address; may be repeated. One address has ports for 28,000 connections.", valueName: "ip"))
    var localAddresses: [String] = []

    @Option(
        name: .customLong("metrics-port"),
        help: ArgumentHelp("Serve /metrics for Prometheus on 127.0.0.1 during the run.", valueName: "port"))
    var metricsPort: Int?

    @Option(
        name: .customLong("push-gateway"),
        help: ArgumentHelp("Send the metrics to this Prometheus push gateway, after each period and at the end.", valueName: "url"))
    var pushGateway: String?

    @Flag(name: [.customShort("q"), .long], help: "Print no progress and no summary.")
    var quiet = false

    @Flag(name: [.customShort("v"), .long], help: "Also print the texts of 'log' steps.")
    var verbose = false

    func validate() throws {
        guard timeScale > 0, timeScale <= 1000 else { throw ValidationError("--time-scale must be above 0 and at most 1000") }
        try Self.checkLocalAddresses(localAddresses)
        if let metricsPort, !(1...65_535).contains(metricsPort) { throw ValidationError("--metrics-port must be from 1 to 65535") }
        guard (1...64).contains(machines) else { throw ValidationError("--machines must be from 1 to 64") }
        guard machines == 1 || redis != nil else { throw ValidationError("--machines needs --redis redis://HOST:PORT") }
        if let pushGateway {
            do { _ = try PushGateway(pushGateway) } catch { throw ValidationError("--push-gateway: \(error)") }
        }
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be from 1 to 64") }
        if let eventLoops, !(1...256).contains(eventLoops) { throw ValidationError("--event-loops must be from 1 to 256") }
    }

    static func checkLocalAddresses(_ addresses: [String]) throws {
        for address in addresses where (try? SocketAddress(ipAddress: address, port: 0)) == nil {
            throw ValidationError("--local-address: '\(address)' is not an IP address")
        }
    }

    /// Plays a script. Ctrl-C stops it.
    func play(_ loaded: LoadedScript) async throws -> RunReport {
        // Checked before the run, which may take hours.
        for file in [output, html, junit].compactMap(\.self) { try ReportCommand.checkWritable(file) }
        DescriptorLimit.raise()
        var settings = LoadRunOptions(
            seed: seed ?? .random(in: 0...(1 << 53)), startedAtMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        settings.version = DunlinVersion.current
        settings.timeScale = timeScale
        settings.localAddresses = localAddresses
        settings.eventLoops = eventLoops ?? Self.eventLoops(perWorkerOf: workers)
        var observer = observer()
        let gateway = try pushGateway.map { try PushGateway($0) }
        let metrics = LoadMetrics(port: metricsPort, gateway: gateway)
        if metricsPort != nil || gateway != nil { observer.measured = { metrics.show($0, catalog: $1, activeUsers: $2) } }
        let player = SharedRunPlayer(
            loaded: loaded, settings: settings, observer: observer, workers: workers, isVerbose: verbose,
            redis: redis.map { ($0, machines) })
        if workers > 1 || redis != nil {
            return try await Self.interruptible(stop: { player.stop() }) {
                try await metrics.during { try await player.play() }
            }
        }
        let run = LoadRun(loaded.script, payloads: loaded.payloads, options: settings, observer: observer)
        return try await Self.interruptible(stop: { run.stop() }) {
            try await metrics.during { try await run.run() }
        }
    }

    private static func interruptible(
        stop: @escaping @Sendable () -> Void, _ play: () async throws -> RunReport
    ) async throws -> RunReport {
        let wasInterrupted = Mutex(false)
        let signals = await Interruption.watch {
            wasInterrupted.withLock { $0 = true }
            stop()
        }
        defer { for signal in signals { signal.cancel() } }
        var report = try await play()
        report.wasInterrupted = wasInterrupted.withLock { $0 }
        return report
    }

    /// All workers of a machine together have a thread per processor.
    @Sendable static func eventLoops(perWorkerOf workers: Int) -> Int {
        max(ProcessInfo.processInfo.activeProcessorCount / workers, 1)
    }

    private func observer() -> LoadRunObserver {
        var observer = LoadRunObserver()
        if verbose { observer.log = { Terminal.print($0) } }
        guard !quiet else { return observer }
        if Terminal.isInteractive {
            // Each view is drawn over the one of a second ago.
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
