extension RunReport {
    /// The report of a run, from everything that was measured.
    init(_ context: RunContext, measurements: Measurements, seconds: Double, hooks: [Hook] = []) {
        self.init()
        let script = context.compiled.script
        let catalog = context.compiled.catalog
        scriptFile = script.file
        scriptSHA256 = script.sha256
        target = script.configuration.target ?? ""
        environment = script.configuration.environment
        seed = context.seed
        timeScale = context.timeScale
        startedAtMilliseconds = context.startedAtMilliseconds
        self.seconds = seconds
        aggregate = MetricsReport(
            measurements, catalog: catalog, seconds: seconds, period: context.startedAtMilliseconds,
            startedAt: context.startedAtMilliseconds)
        for (index, name) in catalog.names.enumerated() where !name.hasPrefix("steps.") {
            if let histogram = measurements.histograms[index], histogram.count > 0 { histograms[name] = histogram }
        }
        steps = script.stepLabels.enumerated().map { index, label in
            Step(index: index, label: label, summary: aggregate.summaries["steps.\(index).response_time"])
        }
        if script.configuration.usesDeliveryAudit {
            let audit = measurements.audit.finish(grace: .seconds(1))
            self.audit = audit
            for (name, count) in [
                ("audit.lost", audit.total(\.lost)), ("audit.doubled", audit.total(\.doubled)),
                ("audit.out_of_order", audit.total(\.outOfOrder)),
                ("audit.sent", audit.total(\.sent)), ("audit.delivered", audit.total(\.delivered)),
            ] { aggregate.counters[name] = count }
        }
        if let threshold = script.configuration.apdexThresholdMilliseconds, let main = HTMLReport.mainSummary(self),
            main.metric != .connectTime,
            let histogram = histograms[main.metric.name]
        {
            apdex = ApdexScore(
                histogram, failures: aggregate.counter(.timeouts), thresholdMilliseconds: threshold)
        }
        self.hooks = hooks
        verdict = Verdict(script.configuration.ensure, of: aggregate, hooks: hooks)
    }
}
