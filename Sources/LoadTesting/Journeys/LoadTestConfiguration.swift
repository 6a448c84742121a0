import JSONCore

/// The configuration of a test by journeys: users arrive one after the other, and each follows one of several journeys.
public struct LoadTestConfiguration: Sendable {
    public var targetURL: String
    public var maximumConcurrentUsers: Int
    /// The time in which all users begin.
    public var rampUpDuration: Duration
    /// The time that follows the ramp-up.
    public var testDuration: Duration
    public var userJourneys: [UserJourney]

    public init(
        targetURL: String, maximumConcurrentUsers: Int, rampUpDuration: Duration, testDuration: Duration, userJourneys: [UserJourney]
    ) {
        self.targetURL = targetURL
        self.maximumConcurrentUsers = maximumConcurrentUsers
        self.rampUpDuration = rampUpDuration
        self.testDuration = testDuration
        self.userJourneys = userJourneys
    }
}

public struct UserJourney: Sendable {
    public var name: String
    /// Relative to the other journeys.
    public var weight: Double
    public var steps: [JourneyStep]

    public init(name: String, weight: Double, steps: [JourneyStep]) {
        self.name = name
        self.weight = weight
        self.steps = steps
    }
}

public enum JourneyStep: Sendable, Hashable {
    /// An object gets a `_sentAt`; a server that sends it back gives a sample of latency.
    case emit(event: String, data: ScriptValue? = nil)
    case wait(Duration)
    /// Fails the user if the event does not come in time.
    case expect(event: String, timeout: Duration = .seconds(5))
}

extension LoadTestConfiguration {
    static let knownKeys = ["targetUrl", "maxConcurrentUsers", "rampUpDuration", "testDuration", "userJourneys", "$schema"]

    /// Whether a text is a journey file rather than a script.
    public static func describes(_ text: String) -> Bool {
        guard let root = try? DocumentReader.read(text, file: "") else { return false }
        return root["userJourneys"] != nil && root["scenarios"] == nil
    }

    /// Reads a journey file, JSON or YAML, into a script: journeys are scenarios, and the ramp-up is a phase. Data may have templates.
    ///
    /// - Throws: all errors of the file.
    public static func parse(_ text: String, file: String, options: ScriptOptions = ScriptOptions()) throws(Diagnostics) -> Script {
        var parser = ScriptParser(options: options, file: file)
        do {
            let root = parser.merged(options: try DocumentReader.read(text, file: file))
            let scenarios = parser.journeyScenarios(root)
            parser.names.checkReferences(&parser.diagnostics)
            guard !parser.diagnostics.hasErrors else { throw parser.diagnostics }
            return parser.finished(scenarios, text: text, file: file)
        } catch let error as Diagnostic {
            parser.diagnostics.add(error)
            throw parser.diagnostics
        } catch {
            throw parser.diagnostics
        }
    }

    /// The script that plays this configuration.
    public func script() throws(Diagnostics) -> Script {
        let journeys = userJourneys.map { journey -> ScriptValue in
            let steps = journey.steps.map { step -> ScriptValue in
                switch step {
                case .emit(let event, let data): ["type": "emit", "event": .string(event), "data": data ?? .null]
                case .wait(let duration): ["type": "wait", "duration": .double(duration.inMilliseconds)]
                case .expect(let event, let timeout):
                    ["type": "expect", "expectedEvent": .string(event), "timeout": .double(timeout.inMilliseconds)]
                }
            }
            return ["name": .string(journey.name), "weight": .double(journey.weight), "steps": .array(steps)]
        }
        let root: ScriptValue = [
            "targetUrl": .string(targetURL), "maxConcurrentUsers": .int(maximumConcurrentUsers),
            "rampUpDuration": .double(rampUpDuration.inSeconds), "testDuration": .double(testDuration.inSeconds),
            "userJourneys": .array(journeys),
        ]
        return try Self.parse(root.json, file: "LoadTestConfiguration")
    }
}

extension ScriptParser {
    mutating func journeyScenarios(_ root: DocumentNode) -> [Scenario] {
        guard let members = mapping(root, "a journey file", known: LoadTestConfiguration.knownKeys) else { return [] }
        configuration.measuresSentAt = true
        configuration.stopsAtEnd = true
        configuration.socketIO.transports = [.websocket]
        if let target = members["targetUrl"] {
            configuration.target = constantText(target, "targetUrl")
            configuration.targetPosition = target.position
        }
        refuseScriptOptions(at: root.position)
        checkTarget(at: root.position)
        let rampUp = seconds("rampUpDuration", members)
        let test = seconds("testDuration", members)
        var users: Int?
        if let node = members["maxConcurrentUsers"] {
            users = integer(node, "maxConcurrentUsers", in: 1...Self.maximumUsers)
        } else {
            missing("maxConcurrentUsers", at: root.position, "a journey file needs 'maxConcurrentUsers'")
        }
        guard let rampUp, let test, let users else { return [] }
        // Without a ramp-up all users begin at once, but a phase must not be empty.
        let arrival = max(rampUp, .nanoseconds(1))
        configuration.phases = [
            Phase(name: "ramp-up", duration: arrival, load: .count(users), position: root.position),
            Phase(name: "test", duration: test, load: .pause, position: root.position),
        ]
        applyOptions()
        return journeys(members, whole: rampUp + test)
    }

    /// A journey file has neither environments nor payloads: an option that names one would have no effect.
    private mutating func refuseScriptOptions(at position: SourcePosition) {
        let given = [
            ("-e", options.environment), ("-p", options.payloadPath), ("-c", options.configuration?.name),
            ("--variables", options.variables), ("--scenario-name", options.scenarioName),
        ]
        for (name, value) in given where value != nil {
            diagnostics.error(at: position, "\(name) is an option of scripts; a journey file takes -t, -k, -s and --overrides")
        }
    }

    private mutating func seconds(_ key: String, _ members: Members) -> Duration? {
        guard let node = members[key] else {
            missing(key, at: members.node.position, "a journey file needs '\(key)' in seconds")
            return nil
        }
        return duration(node, key)
    }

    private mutating func journeys(_ members: Members, whole: Duration) -> [Scenario] {
        guard let node = members["userJourneys"] else {
            missing("userJourneys", at: members.node.position, "a journey file needs 'userJourneys'")
            return []
        }
        guard let nodes = list(node, "userJourneys") else { return [] }
        if nodes.isEmpty { diagnostics.error(at: node.position, "'userJourneys' is empty") }
        let journeys = nodes.compactMap { journey($0, whole: whole) }
        if !journeys.isEmpty, journeys.allSatisfy({ $0.weight == 0 }) {
            diagnostics.error(at: node.position, "all journeys have the weight 0")
        }
        return journeys
    }

    private mutating func journey(_ node: DocumentNode, whole: Duration) -> Scenario? {
        guard let members = mapping(node, "a journey", known: ["name", "weight", "steps"]) else { return nil }
        let name = members["name"].flatMap { constantText($0, "a journey's name") } ?? "journey"
        let weight = members["weight"].flatMap { number($0, "a journey's weight", in: 0...1e6) } ?? 1
        guard let stepsNode = members["steps"], let nodes = list(stepsNode, "steps") else {
            if members["steps"] == nil { missing("steps", at: node.position, "the journey '\(name)' has no 'steps'") }
            return nil
        }
        var steps = nodes.compactMap { journeyStep($0) }
        // A user who has finished stays connected until the test is over.
        steps.append(step(.think(ThinkStep(duration: seconds(whole.inSeconds))), label: "stay", at: node.position))
        return Scenario(name: name, weight: weight, engine: .socketIO, steps: steps, position: node.position)
    }

    private func seconds(_ value: Double) -> JSONTemplate {
        var template = JSONTemplate()
        template.append(ScriptValue.double(value).json)
        return template
    }

    private mutating func step(_ action: Step.Action, label: String, at position: SourcePosition) -> Step {
        stepLabels.append(label)
        return Step(index: stepLabels.count - 1, label: label, position: position, action: action)
    }

    private enum StepType: String, CaseIterable { case emit, wait, expect }

    private mutating func journeyStep(_ node: DocumentNode) -> Step? {
        let known = ["type", "event", "data", "duration", "expectedEvent", "timeout"]
        guard let members = mapping(node, "a journey's step", known: known) else { return nil }
        guard let typeNode = members["type"] else {
            self.missing("type", at: node.position, "a step needs 'type': emit, wait or expect")
            return nil
        }
        guard let type: StepType = choice(typeNode, "a step's type") else { return nil }
        func missing(_ key: String, _ parser: inout ScriptParser) -> Step? {
            parser.missing(key, at: node.position, "a step of the type '\(type.rawValue)' needs '\(key)'")
            return nil
        }
        switch type {
        case .emit:
            guard let event = members["event"] else { return missing("event", &self) }
            guard let name = constantText(event, "event") else { return nil }
            return step(
                .emit(EmitStep(eventName: name, event: Template(constant: name), arguments: arguments(members["data"]))), label: name,
                at: node.position)
        case .wait:
            guard let durationNode = members["duration"] else { return missing("duration", &self) }
            guard let duration = self.duration(durationNode, "duration", unitless: 1e6) else { return nil }
            return step(.think(ThinkStep(duration: seconds(duration.inSeconds))), label: "wait", at: node.position)
        case .expect:
            guard let event = members["expectedEvent"] ?? members["event"] else { return missing("expectedEvent", &self) }
            guard let name = template(event, "expectedEvent") else { return nil }
            let timeout = members["timeout"].map { self.duration($0, "timeout", unitless: 1e6) } ?? .seconds(5)
            let awaited = AwaitedEvent(channel: name, check: ResponseCheck(), timeout: timeout)
            return step(.expectEvent(awaited), label: name.constant ?? "expect", at: node.position)
        }
    }

    /// An object gets the time at which it is sent.
    private mutating func arguments(_ data: DocumentNode?) -> JSONTemplate {
        var arguments = JSONTemplate()
        guard let data, data.content != .null else { return arguments }
        guard case .mapping(let members) = data.content, !members.contains(where: { $0.key == "_sentAt" }) else {
            append(data, to: &arguments)
            return arguments
        }
        arguments = jsonTemplate(data)
        arguments.dropLastBrace()
        arguments.append("\(members.isEmpty ? "" : ",")\"_sentAt\":")
        arguments.append(Template(segments: [.expression(.call(.sentAt, []))]))
        arguments.append("}")
        return arguments
    }
}
