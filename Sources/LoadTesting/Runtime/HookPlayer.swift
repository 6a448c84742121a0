import NIOCore
import NIOPosix

/// The result of `before` or `after`. Its measurements are not part of the run's.
public struct HookOutcome: Sendable {
    /// For the report; nil if the script has no such part.
    var hook: RunReport.Hook?
    var captured: [CapturedValue] = []

    /// The script has no such part.
    public static let none = HookOutcome()

    public var hasFailed: Bool { hook?.failure != nil }
}

/// Plays `before` and `after`: one user each, once. Lives on its loop.
final class HookPlayer {
    private let loop: any EventLoop
    private let payloads: PayloadRows
    private let options: LoadRunOptions
    private let log: @Sendable (String) -> Void
    private var player: LoopPlayer.Handle?

    init(on loop: any EventLoop, payloads: PayloadRows, options: LoadRunOptions, log: @escaping @Sendable (String) -> Void) {
        self.loop = loop
        self.payloads = payloads
        self.options = options
        self.log = log
    }

    /// - Parameter plan: nil if the script has none.
    func play(_ plan: ScenarioPlan?, named name: String, _ context: RunContext) -> EventLoopFuture<HookOutcome> {
        guard let plan else { return loop.makeSucceededFuture(.none) }
        let player = LoopPlayer.Handle(on: loop)
        self.player = player
        player.start(context, startedAt: .now(), localAddresses: options.localAddresses, log: log, finished: { _ in })
        let bound = NIOLoopBound(self, eventLoop: loop)
        let row = payloads.values(for: 0, seed: options.seed)
        return player.play(hook: plan, row: row).flatMap { result in
            player.take().flatMap { measurements in player.close().map { _ in (result, measurements) } }
        }.map { result, measurements in
            bound.value.player = nil
            var hook = RunReport.Hook(name: name, failure: nil)
            if case .failed(let reason) = result.outcome {
                hook.failure = reason
                let report = MetricsReport(measurements, catalog: context.compiled.catalog, seconds: 1, period: 0, startedAt: 0)
                hook.reachedTarget = !Verdict.isUnreachable(report)
            }
            return HookOutcome(hook: hook, captured: result.captured)
        }
    }

    func stop() { player?.stopUsers() }
}

/// `before` and `after` of a run whose users other processes play.
public final class LoadRunHooks: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let player: NIOLoopBoundBox<HookPlayer?>
    private let compiled: CompiledScript
    private let options: LoadRunOptions

    public init(_ script: Script, payloads: PayloadRows, options: LoadRunOptions, log: @escaping @Sendable (String) -> Void) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let box = NIOLoopBoundBox.makeEmptyBox(valueType: HookPlayer.self, eventLoop: loop)
        loop.execute { box.value = HookPlayer(on: loop, payloads: payloads, options: options, log: log) }
        self.loop = loop
        player = box
        compiled = CompiledScript(script)
        self.options = options
    }

    public func before() async throws -> HookOutcome { try await play(compiled.before, "before", captured: []) }

    /// - Parameter before: its captures are variables here too.
    public func after(_ before: HookOutcome) async throws -> HookOutcome {
        try await play(compiled.after, "after", captured: before.captured)
    }

    private func play(_ plan: ScenarioPlan?, _ name: String, captured: [CapturedValue]) async throws -> HookOutcome {
        let context = RunContext(
            compiled, seed: options.seed, timeScale: options.timeScale,
            startedAtMilliseconds: options.startedAtMilliseconds, captured: captured)
        return try await self.loop.flatSubmit { [loop, player] in
            player.value?.play(plan, named: name, context) ?? loop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }.get()
    }

    /// Stops the user that is being played.
    public func stop() { loop.execute { [player] in player.value?.stop() } }

    /// Releases the event loop. No call may follow.
    public func close() async throws { try await group.shutdownGracefully() }
}
