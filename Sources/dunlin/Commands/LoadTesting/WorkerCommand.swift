import ArgumentParser
import Foundation
import LoadTesting
import Logging
import NIOPosix
import RedisClient
import RedisCore
import SocketIOHummingbird

/// `dunlin worker`.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Take part in load tests that 'dunlin run --redis' distributes.",
        discussion: """
            Waits for runs and plays a share of each, until it is interrupted. The script,
            its payload files and the environment variables that it reads come through
            Redis, so nothing has to be copied to this machine.

            Examples:
              dunlin worker --redis redis://10.0.0.5:6379
              dunlin run crowd.yml --redis redis://10.0.0.5:6379 --machines 3
            """)

    @Option(help: ArgumentHelp("The Redis server through which runs are distributed.", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("The name of this machine in reports (default: its host name).", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("local-address"),
        help: ArgumentHelp("Connect from this address; may be repeated. One address has ports for 28,000 connections.", valueName: "ip"))
    var localAddresses: [String] = []

    /// Set for a process that this program starts itself. The first line of its standard input is its assignment.
    @Flag(help: .hidden)
    var assigned = false

    func validate() throws {
        try RunOptions.checkLocalAddresses(localAddresses)
        guard assigned || redis != nil else { throw ValidationError("'dunlin worker' needs --redis redis://HOST:PORT") }
    }

    func run() async throws {
        if assigned { return try await Self.playAssigned() }
        let connection = try await RedisConnection.open(redis ?? "")
        let worker = MachineWorker(
            redis: connection.commands, waiting: connection.waiting, name: name ?? ProcessInfo.processInfo.hostName,
            version: DunlinVersion.current, player: player(), note: { Terminal.error($0) })
        let serving = Task { try await worker.serve() }
        let signals = await Interruption.watch { serving.cancel() }
        defer { for signal in signals { signal.cancel() } }
        try await serving.value
        await connection.close()
    }

    private func player() -> MachineWorker.Player {
        // The processes of the current run. Runs come one after the other.
        let current = CurrentProcesses()
        return MachineWorker.Player(
            start: { assignments in
                let processes = WorkerProcesses()
                current.set(processes)
                let (events, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
                try processes.start(assignments, continuation) { continuation.finish() }
                return events
            },
            stop: { current.stop() },
            prepare: { [localAddresses] assignment, workers in
                assignment.eventLoops = RunOptions.eventLoops(perWorkerOf: workers)
                assignment.localAddresses = localAddresses
            })
    }

    /// Plays an assignment, reports on standard output, and ends its users when standard input ends.
    private static func playAssigned() async throws {
        let input = FileHandle.standardInput
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let data = input.availableData
            if data.isEmpty { return }
            line.append(data)
        }
        let assignment = try JSONDecoder().decode(WorkerAssignment.self, from: line.prefix { $0 != UInt8(ascii: "\n") })
        var observer = LoadRunObserver()
        observer.told = { Terminal.print($0.line) }
        if assignment.isVerbose { observer.log = { Terminal.print(WorkerMessage.log($0).line) } }
        let run = try LoadedScript.complaining { () throws(Diagnostics) in try assignment.run(observer: observer) }
        DescriptorLimit.raise()
        let signals = await Interruption.watch { run.stop() }
        defer { for signal in signals { signal.cancel() } }
        Thread.detachNewThread {
            while !input.availableData.isEmpty {}
            run.stop()
        }
        _ = try await run.run()
    }
}

/// Two connections to one Redis server, because a read that waits delays all later commands of its connection.
struct RedisConnection {
    let commands: RedisClient
    let waiting: RedisClient

    static func open(_ url: String) async throws -> RedisConnection {
        var configuration: RedisConfiguration
        do {
            configuration = try RedisConfiguration(url: url)
        } catch {
            throw CommandFailure(.usage, "--redis: \(error)")
        }
        configuration.clientName = "dunlin-load"
        // One command may hold a script with its payloads, or an audit.
        configuration.limits.maximumQueuedBytes = 128 << 20
        var logger = Logger(label: "redis")
        logger.logLevel = .critical
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let connection = RedisConnection(
            commands: try RedisClient(configuration, on: loop, logger: logger),
            waiting: try RedisClient(configuration, on: loop, logger: logger))
        do {
            try await connection.commands.ready(within: .seconds(5))
            try await connection.waiting.ready(within: .seconds(5))
        } catch {
            let cause = await connection.commands.status().lastFailure.map { "\($0)" } ?? "\(error)"
            await connection.close()
            throw CommandFailure(.unavailable, "\(configuration.host):\(configuration.port) cannot be reached: \(cause)")
        }
        return connection
    }

    func close() async {
        await self.commands.close()
        await self.waiting.close()
    }
}
