import NIOCore

extension LoadConductor {
    /// Plays `before` or `after`: one user, once. What it measures is not the run's.
    ///
    /// - Parameters:
    ///   - plan: nil if the script has none.
    ///   - then: called with the result, nil if there was nothing to play.
    func play(_ plan: ScenarioPlan?, named name: String, _ then: @escaping @Sendable (LoadConductor, HookResult?) -> Void) {
        guard let plan else { return then(self, nil) }
        let player = LoopPlayer.Handle(on: self.loop)
        self.hookPlayer = player
        player.start(
            self.context, startedAt: .now(), localAddresses: self.options.localAddresses, log: self.observer.log, finished: { _ in })
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let row = self.payloads.values(for: 0, seed: self.options.seed)
        player.play(hook: plan, row: row).flatMap { result in
            player.take().flatMap { measurements in player.close().map { _ in (result, measurements) } }
        }.whenSuccess { result, measurements in
            let conductor = bound.value
            conductor.hookPlayer = nil
            var hook = RunReport.Hook(name: name, failure: nil)
            if case .failed(let reason) = result.outcome {
                hook.failure = reason
                let report = MetricsReport(
                    measurements, catalog: conductor.context.compiled.catalog, seconds: 1, period: 0, startedAt: 0)
                hook.reachedTarget = !Verdict.isUnreachable(report)
            }
            conductor.hooks.append(hook)
            then(conductor, result)
        }
    }
}
