@testable import LoadTesting

/// Plays a script against a server in this process. Where the script sets no time-out, it is one that no machine is too slow for.
func play(_ text: String, url: String, options change: (inout LoadRunOptions) -> Void = { _ in }) async throws -> RunReport {
    var settings = ScriptOptions()
    settings.target = url
    var script = try parse(text, options: settings)
    if script.configuration.timeout == ScriptConfiguration().timeout { script.configuration.timeout = .seconds(600) }
    var options = LoadRunOptions(seed: 1, startedAtMilliseconds: 1_764_140_000_000)
    options.eventLoops = 2
    change(&options)
    return try await LoadRun(script, payloads: PayloadRows(), options: options).run()
}

/// `count` users at once.
func users(_ count: Int, _ more: String = "") -> String { "phases: [{duration: 0.01, arrivalCount: \(count)}]\n\(more)" }
