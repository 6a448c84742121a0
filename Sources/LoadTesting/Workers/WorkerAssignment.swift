import JSONCore
import NIOCore

/// A script or a journey file as its user wrote it, with the options that change its meaning.
public struct ScriptSource: Sendable, Codable {
    /// As the user named it.
    public var file: String
    public var text: String
    /// The directory of relative paths.
    public var directory: String
    public var options: ScriptOptions

    public init(file: String, text: String, directory: String, options: ScriptOptions) {
        self.file = file
        self.text = text
        self.directory = directory
        self.options = options
    }

    public var isJourneyFile: Bool { LoadTestConfiguration.describes(text) }

    /// - Throws: all errors of the file.
    public func script() throws(Diagnostics) -> Script {
        isJourneyFile
            ? try LoadTestConfiguration.parse(text, file: file, options: options)
            : try ScriptParser.parse(text, file: file, options: options)
    }

    /// A copy for another machine, with only those variables of the environment that the script reads.
    public var portable: ScriptSource {
        var source = self
        let texts = [text, options.configuration?.text, options.overrides, options.variables].compactMap { $0 }
        let read = Set(texts.flatMap(EnvironmentVariables.names))
        source.options.processEnvironment = options.processEnvironment.filter { read.contains($0.key) }
        return source
    }
}

/// The part of a run that one of several processes plays, encoded as a line of JSON.
public struct WorkerAssignment: Sendable, Codable {
    public var source: ScriptSource
    /// The payload files' texts, in the order of the configuration. Nil if the worker reads the files itself.
    public var payloads: [String]?
    public var seed: UInt64
    public var timeScale: Double
    public var eventLoops: Int
    public var startedAtMilliseconds: Int64
    public var localAddresses: [String]
    /// Whether it reports the texts of `log` steps.
    public var isVerbose: Bool
    public var share: WorkerShare
    /// Uptime of the worker's machine (CLOCK_MONOTONIC) at which the run begins.
    public var startUptimeNanoseconds: UInt64
    /// The captures of `before`.
    var captured: [CapturedValue]

    /// - Parameters:
    ///   - options: of the whole run.
    ///   - captured: the captures of `before`.
    public init(_ source: ScriptSource, options: LoadRunOptions, isVerbose: Bool, captured: HookOutcome) {
        self.source = source
        seed = options.seed
        timeScale = options.timeScale
        eventLoops = options.eventLoops
        startedAtMilliseconds = options.startedAtMilliseconds
        localAddresses = options.localAddresses
        self.isVerbose = isVerbose
        share = options.share
        startUptimeNanoseconds = options.startUptimeNanoseconds ?? 0
        self.captured = captured.captured
    }

    /// A run of this part.
    ///
    /// - Throws: all errors of the script or its payloads.
    public func run(observer: LoadRunObserver) throws(Diagnostics) -> LoadRun {
        let script = try source.script()
        let rows =
            if let payloads { try PayloadRows(script, texts: payloads) } else {
                try PayloadRows(script, directory: source.directory)
            }
        var options = LoadRunOptions(seed: seed, startedAtMilliseconds: startedAtMilliseconds)
        options.timeScale = timeScale
        options.eventLoops = eventLoops
        options.localAddresses = localAddresses
        options.share = share
        options.startUptimeNanoseconds = startUptimeNanoseconds
        options.hooks = .playedElsewhere(captured)
        return LoadRun(script, payloads: rows, options: options, observer: observer)
    }
}

extension CapturedValue: Codable {
    private enum CodingKeys: String, CodingKey { case slot, json }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        slot = try values.decode(Int.self, forKey: .slot)
        value = ScriptValue(try JSONSlice(validating: ByteBuffer(string: try values.decode(String.self, forKey: .json))))
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(slot, forKey: .slot)
        try values.encode(value.json, forKey: .json)
    }
}
