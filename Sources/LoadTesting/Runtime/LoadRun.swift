import NIOCore
import NIOPosix

/// How a script is played.
public struct LoadRunOptions: Sendable {
    /// Fixes every random choice.
    public var seed: UInt64
    /// Multiplies think times, pauses and durations of phases.
    public var timeScale = 1.0
    public var eventLoops = 1
    /// The length of a period. If nil, 10 seconds as in Artillery, or 1 second if the run is planned for less than 100.
    public var period: Duration?
    /// Milliseconds since 1970 at the run's beginning.
    public var startedAtMilliseconds: Int64
    public var version = ""
    /// Local addresses of the connections, taken in turn: one address has ports for some 28,000. If empty, the system chooses.
    public var localAddresses: [String] = []
    /// The share of this process, if several play the script together.
    public var share = WorkerShare.whole
    /// The process that plays `before` and `after`.
    var hooks = Hooks.played
    /// The uptime in nanoseconds (CLOCK_MONOTONIC) at which the run begins: workers of one machine begin together. If nil, it begins at
    /// once.
    public var startUptimeNanoseconds: UInt64?

    enum Hooks: Sendable {
        /// This run.
        case played
        /// The coordinating process plays them; these are the captures of `before`.
        case playedElsewhere([CapturedValue])
    }

    public init(seed: UInt64, startedAtMilliseconds: Int64) {
        self.seed = seed
        self.startedAtMilliseconds = startedAtMilliseconds
    }
}

/// The observer of a running test. Its closures are called on an event loop, so they must be quick.
public struct LoadRunObserver: Sendable {
    public var phaseStarted: @Sendable (Phase, Int) -> Void = { _, _ in }
    /// The metrics of a period and its length.
    public var periodEnded: @Sendable (MetricsReport, Duration) -> Void = { _, _ in }
    /// Called once per second.
    public var progress: @Sendable (ProgressSnapshot) -> Void = { _ in }
    public var log: @Sendable (String) -> Void = { _ in }
    /// After each period: everything measured so far, and the users at work.
    public var measured: @Sendable (Measurements, MetricCatalog, Int) -> Void = { _, _, _ in }
    /// The messages of a worker process to the process that started it.
    public var told: @Sendable (WorkerMessage) -> Void = { _ in }

    public init() {}
}

/// Plays a script against its target, from event loops of its own.
public final class LoadRun: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let conductor: NIOLoopBoundBox<LoadConductor?>
    private let loop: any EventLoop

    public init(_ script: Script, payloads: PayloadRows, options: LoadRunOptions, observer: LoadRunObserver = LoadRunObserver()) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(options.eventLoops, 1))
        let loops = Array(group.makeIterator())
        let first = group.next()
        let box = NIOLoopBoundBox.makeEmptyBox(valueType: LoadConductor.self, eventLoop: first)
        let compiled = CompiledScript(script)
        first.execute {
            box.value = LoadConductor(
                compiled, payloads: payloads, options: options, observer: observer, loops: [first] + loops.filter { $0 !== first })
        }
        self.group = group
        loop = first
        conductor = box
    }

    /// Plays the script until the last user has finished, and releases the event loops. Call it only once.
    public func run() async throws -> RunReport {
        let promise = loop.makePromise(of: RunReport.self)
        loop.execute { [conductor] in
            if let conductor = conductor.value {
                conductor.run(promise)
            } else {
                promise.fail(ChannelError.ioOnClosedChannel)
            }
        }
        do {
            let report = try await promise.futureResult.get()
            try await group.shutdownGracefully()
            return report
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    /// Stops the run: no user begins any more, and all users end. ``run()`` returns the measurements so far.
    public func stop() {
        loop.execute { [conductor] in conductor.value?.stop() }
    }
}
