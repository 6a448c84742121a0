import NIOCore

/// A scenario as a flat list of instructions. A virtual user's place in it is an index and a stack of loops.
final class ScenarioPlan: Sendable {
    enum Instruction: Sendable {
        case step(PlannedStep)
        /// Continues at the index `to` if the condition is false.
        case skip(unless: Expression, to: Int)
        /// Continues at `end` if there is no turn to play.
        case loopBegin(LoopStep, end: Int)
        case loopEnd(begin: Int)
    }

    let name: String
    let engine: ScriptEngine
    let instructions: [Instruction]
    /// The metrics of push times, by the channel of the awaited event.
    let pushMetrics: [String: MetricID]
    let created: MetricID
    /// True if the connection is made before the first step. False if the flow begins with a step that needs none, such as an HTTP request.
    let connectsFirst: Bool
    /// The slots of all captures of the flow.
    let capturedSlots: [Int]

    init(_ scenario: Scenario, script: Script, catalog: inout MetricCatalog) {
        var compiler = Compiler(catalog: catalog, endpoints: script.configuration.metricsByEndpoint)
        compiler.compile(scenario.steps)
        name = scenario.name
        engine = scenario.engine
        instructions = compiler.instructions
        pushMetrics = compiler.pushMetrics
        capturedSlots = scenario.steps.flatMap(\.captures).map(\.slot)
        created = compiler.catalog.id("vusers.created_by_name.\(scenario.name)")
        catalog = compiler.catalog
        connectsFirst = scenario.engine != .http && (scenario.steps.first?.needsConnection ?? true)
    }

    private struct Compiler {
        var instructions: [Instruction] = []
        var pushMetrics: [String: MetricID] = [:]
        var catalog: MetricCatalog
        let endpoints: MetricsByEndpoint?

        init(catalog: MetricCatalog, endpoints: MetricsByEndpoint?) {
            self.catalog = catalog
            self.endpoints = endpoints
        }

        mutating func compile(_ steps: [Step]) {
            for step in steps {
                var skip: Int?
                if let condition = step.condition {
                    skip = instructions.count
                    instructions.append(.skip(unless: condition, to: 0))
                }
                if case .loop(let loop) = step.action {
                    let begin = instructions.count
                    instructions.append(.loopBegin(loop, end: 0))
                    compile(loop.steps)
                    instructions.append(.loopEnd(begin: begin))
                    instructions[begin] = .loopBegin(loop, end: instructions.count)
                } else {
                    instructions.append(.step(PlannedStep(step, metrics: metrics(of: step))))
                }
                if let skip, let condition = step.condition {
                    instructions[skip] = .skip(unless: condition, to: instructions.count)
                }
            }
        }

        private mutating func metrics(of step: Step) -> StepMetrics {
            let response = catalog.id("steps.\(step.index).response_time")
            var event: MetricID?
            var eventCount: MetricID?
            var endpoint: MetricID?
            switch step.action {
            case .emit(let emit):
                if let name = emit.eventName {
                    event = catalog.id("socketio.response_time.\(name)")
                    eventCount = catalog.id("socketio.emit.\(name)")
                }
                for awaited in emit.responses { measurePush(awaited) }
                endpoint = self.endpoint(step.label, isNamed: true)
            case .expectEvent(let awaited):
                measurePush(awaited)
                endpoint = self.endpoint(step.label, isNamed: true)
            case .request(let request):
                endpoint = self.endpoint(request.name ?? request.url.constant ?? "dynamic", isNamed: request.name != nil)
            default: break
            }
            return StepMetrics(response: response, event: event, eventCount: eventCount, endpoint: endpoint)
        }

        private mutating func measurePush(_ awaited: AwaitedEvent) {
            guard let channel = awaited.channel.constant else { return }
            pushMetrics[channel] = catalog.id("socketio.push_time.\(channel)")
        }

        private mutating func endpoint(_ name: String, isNamed: Bool) -> MetricID? {
            guard let endpoints, isNamed || !endpoints.ignoresUnnamedRequests else { return nil }
            let stripped = endpoints.stripsQueryString ? String(name.prefix { $0 != "?" }) : name
            return catalog.id("plugins.metrics-by-endpoint.response_time.\(stripped)")
        }
    }
}

/// The metrics of one step, looked up once.
struct StepMetrics: Sendable {
    /// Acknowledgements and awaited responses of this step.
    let response: MetricID
    /// The same by the event's name.
    let event: MetricID?
    let eventCount: MetricID?
    /// Under the name of Artillery's plugin metrics-by-endpoint.
    let endpoint: MetricID?
}

/// A step with the values that are known before the run. A class, so that a user who plays it or awaits its answer holds one reference.
final class PlannedStep: Sendable {
    let step: Step
    let metrics: StepMetrics
    let needsConnection: Bool
    let emit: PlannedEmit?

    init(_ step: Step, metrics: StepMetrics) {
        self.step = step
        self.metrics = metrics
        needsConnection = step.needsConnection
        if case .emit(let emit) = step.action { self.emit = PlannedEmit(emit) } else { self.emit = nil }
    }
}

/// `emit`, with the values that depend on no user's variables.
struct PlannedEmit: Sendable {
    let step: EmitStep
    /// Nil if it has templates.
    let namespace: String?
    /// The finished JSON. Nil if it has templates.
    let arguments: ByteBuffer?
    /// The longest time-out that the step sets. Nil if it sets none.
    let timeout: Duration?

    init(_ step: EmitStep) {
        self.step = step
        namespace = step.namespace == nil ? "/" : step.namespace?.constant
        arguments = step.arguments.constant
        timeout = ([step.timeout, step.acknowledgement?.timeout] + step.responses.map(\.timeout)).compactMap(\.self).max()
    }
}

/// A script made ready to be played: plans of its scenarios and the catalog of its metrics.
public struct CompiledScript: Sendable {
    public let script: Script
    public let catalog: MetricCatalog
    let scenarios: [ScenarioPlan]
    let before: ScenarioPlan?
    let after: ScenarioPlan?

    public init(_ script: Script) {
        var catalog = MetricCatalog()
        scenarios = script.scenarios.map { ScenarioPlan($0, script: script, catalog: &catalog) }
        before = script.before.map { ScenarioPlan($0, script: script, catalog: &catalog) }
        after = script.after.map { ScenarioPlan($0, script: script, catalog: &catalog) }
        self.script = script
        self.catalog = catalog
    }
}
