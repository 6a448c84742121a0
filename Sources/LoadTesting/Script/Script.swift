/// A load test script: Artillery's format, checked and compiled.
public struct Script: Sendable {
    /// As the user named it.
    public var file: String
    /// SHA-256 of the file's bytes, in hexadecimal.
    public var sha256: String
    public var configuration: ScriptConfiguration
    public var scenarios: [Scenario]
    /// Runs once before the first virtual user. Its captures are variables of every user.
    public var before: Scenario?
    /// Runs once when the last user has finished.
    public var after: Scenario?
    /// Labels of all steps, by ``Step/index``.
    public var stepLabels: [String]
    /// The values that every virtual user starts with, by slot.
    var initialSlots: [ScriptValue]
    var variables: VariableTable
    /// The warnings. Errors are thrown.
    public var warnings: [Diagnostic]
}

extension Script {
    /// One line that summarises a run.
    public var summary: String {
        let phases = configuration.phases
        var arrivals = ArrivalTimes(phases: phases.map(\.withoutChance), random: SeededGenerator(seed: 0))
        var count = 0
        while arrivals.next() != nil, count < 10_000_000 { count += 1 }
        let seconds = phases.reduce(0) { $0 + $1.duration.inSeconds }
        var text = "\(scenarios.count) scenario\(scenarios.count == 1 ? "" : "s")"
        if phases.isEmpty { return text + ", no phases" }
        text += ", \(phases.count) phase\(phases.count == 1 ? "" : "s"), \(ReportNumber.duration(seconds))"
        if count > 0 { text += ", \(ReportNumber.grouped(count)) arrivals" }
        return text
    }
}

extension Phase {
    /// The same load with even arrivals, to count them.
    fileprivate var withoutChance: Phase {
        var phase = self
        phase.spacing = .uniform
        return phase
    }
}

/// The protocol of a scenario.
public enum ScriptEngine: String, Sendable, Hashable {
    case socketIO = "socketio"
    case webSocket = "ws"
    case http
}

public struct Scenario: Sendable {
    public var name: String
    /// The weight relative to the other scenarios.
    public var weight: Double
    public var engine: ScriptEngine
    public var steps: [Step]
    public var position: SourcePosition
}

/// The `config` section.
public struct ScriptConfiguration: Sendable {
    /// Without templates: environment variables in it are resolved when the script is read.
    public var target: String?
    public var targetPosition: SourcePosition?
    public var environment: String?
    public var phases: [Phase] = []
    public var payloads: [PayloadDefinition] = []
    /// Slot and values of each variable. A user gets one of the values at random.
    var variables: [(slot: Int, values: [JSONTemplate])] = []
    /// How long an acknowledgement or a response is awaited.
    public var timeout: Duration = .seconds(10)
    var thinkJitter: Jitter?
    public var socketIO = SocketIOSettings()
    public var webSocket = WebSocketSettings()
    public var http = HTTPSettings()
    /// False if certificates are not verified.
    public var verifiesCertificates = true
    public var ensure = EnsureDefinition()
    /// Threshold in milliseconds; response times up to four times as long are tolerated.
    public var apdexThresholdMilliseconds: Double?
    public var metricsByEndpoint: MetricsByEndpoint?
    /// Expectations that fail are also errors (`plugins.expect.reportFailuresAsErrors`).
    public var expectationFailuresAreErrors = false
    /// Whether a message carries a tag of `$auditTag(room)`, so that received messages are searched for tags.
    public var usesDeliveryAudit = false
    /// Events that bring back `_sentAt` are samples of latency (`$sentAt()`, journeys).
    public var measuresSentAt = false
    /// Users who are still at work when the last phase is over are stopped (journeys).
    public var stopsAtEnd = false
}

public struct SocketIOSettings: Sendable {
    public enum Transport: String, Sendable, Hashable, CaseIterable { case polling, websocket }

    public var path = "/socket.io/"
    public var transports: [Transport] = [.polling, .websocket]
    public var query: [(name: String, value: Template)] = []
    public var headers: [(name: String, value: Template)] = []
    /// The `auth` value of CONNECT packets.
    public var auth: JSONTemplate?
    /// How long the handshake may take.
    public var connectTimeout: Duration?
    public var reconnects = false
}

public struct WebSocketSettings: Sendable {
    public var subprotocols: [String] = []
    public var headers: [(name: String, value: Template)] = []
}

public struct HTTPSettings: Sendable {
    public var timeout: Duration?
    public var headers: [(name: String, value: Template)] = []
    public var followsRedirects = true
}

public struct MetricsByEndpoint: Sendable, Hashable {
    public var usesOnlyRequestNames = false
    public var stripsQueryString = false
    public var ignoresUnnamedRequests = false
    public var groupsDynamicURLs = true
}

/// One phase of the load.
public struct Phase: Sendable, Hashable {
    public enum Load: Sendable, Hashable {
        /// No user arrives.
        case pause
        /// Open model: users arrive at a rate that changes linearly, in users per second.
        case rate(from: Double, to: Double)
        /// Open model: this many users, evenly over the duration.
        case count(Int)
        /// Closed model: this many users at any time. A user who has finished is replaced at once.
        case users(from: Int, to: Int)
    }

    public enum Spacing: String, Sendable, Hashable, CaseIterable {
        case uniform
        /// Exponentially distributed times between arrivals.
        case poisson
    }

    public var name: String?
    public var duration: Duration
    public var load: Load
    public var spacing: Spacing = .uniform
    /// Arrivals beyond this many users at work are skipped and counted.
    public var maximumUsers: Int?
    /// Partly open model: after a session the user plays another one with this probability.
    public var repeatProbability: Double = 0
    /// Between two sessions of one user.
    public var repeatThink: Duration = .zero
    public var position: SourcePosition

    public init(
        name: String? = nil, duration: Duration, load: Load, spacing: Spacing = .uniform, maximumUsers: Int? = nil,
        position: SourcePosition = SourcePosition(file: "", line: 1, column: 1)
    ) {
        self.name = name
        self.duration = duration
        self.load = load
        self.spacing = spacing
        self.maximumUsers = maximumUsers
        self.position = position
    }
}

/// A CSV file whose rows give variables to virtual users.
public struct PayloadDefinition: Sendable, Hashable {
    public enum Order: String, Sendable, Hashable, CaseIterable { case random, sequence }

    /// Relative to the script.
    public var path: String
    public var pathPosition: SourcePosition
    /// Names of the columns; nil if the file's first row names them.
    public var fields: [String]?
    /// Slots of ``fields``.
    var slots: [Int] = []
    public var order: Order = .random
    public var skipsHeader = false
    public var delimiter: Character = ","
    /// Whether texts that spell numbers or booleans become such values.
    public var casts = true
    public var skipsEmptyLines = true
    /// Every user gets all rows as a list under this name.
    public var wholeName: String?
    var wholeSlot: Int?
}

/// The maximum deviation of a think time.
enum Jitter: Sendable, Hashable {
    case relative(Double)
    case absolute(Duration)
}

/// Thresholds and conditions that decide whether the run passed.
public struct EnsureDefinition: Sendable, Hashable {
    public struct Threshold: Sendable, Hashable {
        /// Artillery's metric name, for a time with an aggregation: `socketio.response_time.p99`.
        public var metric: String
        public var maximum: Double
        public var position: SourcePosition
    }

    public struct Condition: Sendable, Hashable {
        public var text: String
        var expression: Expression
        /// The metrics that the expression reads, by slot.
        var metrics: [String]
        /// A condition that is not strict is reported and does not fail the run.
        public var isStrict: Bool
        public var position: SourcePosition
    }

    public var thresholds: [Threshold] = []
    public var conditions: [Condition] = []
    /// The highest allowed share of failed virtual users, in percent.
    public var maximumErrorRate: Double?

    public var isEmpty: Bool { thresholds.isEmpty && conditions.isEmpty && self.maximumErrorRate == nil }
}
