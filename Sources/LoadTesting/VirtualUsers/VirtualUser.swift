import NIOCore
import JSONCore

/// A variable that `before` set.
struct CapturedValue: Sendable, Equatable {
    var slot: Int
    var value: ScriptValue
}

/// The values that all virtual users of a run share.
final class RunContext: Sendable {
    let compiled: CompiledScript
    let seed: UInt64
    let timeScale: Double
    /// The wall clock at the run's beginning, in milliseconds since 1970.
    let startedAtMilliseconds: Int64
    /// The captures of `before`, which are variables of every user.
    let captured: [CapturedValue]
    let uuidSlot: Int?

    init(
        _ compiled: CompiledScript, seed: UInt64, timeScale: Double = 1, startedAtMilliseconds: Int64 = 0, captured: [CapturedValue] = []
    ) {
        self.compiled = compiled
        self.seed = seed
        self.timeScale = timeScale
        self.startedAtMilliseconds = startedAtMilliseconds
        self.captured = captured
        uuidSlot = compiled.script.variables.existingSlot(for: "$uuid")
    }

    var configuration: ScriptConfiguration { compiled.script.configuration }
    /// How long a connection or an answer is awaited if the step sets no time-out.
    var timeout: Duration { compiled.script.configuration.timeout }
}

/// One virtual user: a value that plays a scenario step by step. It takes inputs with their times and returns actions. It reads no clock and
/// makes no calls. Between inputs it costs only its memory.
public struct VirtualUser: Sendable {
    public enum Outcome: Sendable, Hashable {
        case completed
        /// With the message that `errors.…` counts.
        case failed(String)
    }

    /// The maximum number of steps played for one input. A longer loop without think times and answers continues with the next input `timer`.
    static let maximumStepsPerInput = 64

    enum Waiting: Sendable {
        case beginning
        /// Waits for the connection or a namespace. Then the step is tried again.
        case connection
        case think
        case answers(PendingAnswers)
        case message(PendingMessage)
        case requests(PendingRequests)
        /// Gives other users a turn and continues at once.
        case turn
        case finished
    }

    enum Connection: Sendable { case none, opening, open, lost }

    struct LoopFrame: Sendable {
        var begin: Int
        var number: Int
        var end: Int?
        var elements: [ScriptValue]?
        var savedCount: ScriptValue
        var savedElement: ScriptValue
        var startedAt: RunInstant
        var turn = 0
        /// Nanoseconds between the turns of a paced loop.
        var pace: Int64?
    }

    public let start: UserStart
    let plan: ScenarioPlan
    let context: RunContext
    var scope: VariableScope
    var position = 0
    var loops: [LoopFrame] = []
    var waiting = Waiting.beginning
    var connection = Connection.none
    var namespaces: [String] = []
    /// The namespace that is being joined.
    var joining: String?
    var connectStartedAt = RunInstant.zero
    var beganAt = RunInstant.zero
    /// When the next message is due by the script's own clock.
    var intendedAt = RunInstant.zero
    var nextID: UInt64 = 0
    var cookies: [HTTPField] = []
    /// When the user wants the input `timer`. Only the last value counts.
    public internal(set) var deadline: RunInstant?
    /// Set once, with the action `close`.
    public internal(set) var outcome: Outcome?

    /// Whether the connection is open and its first namespace joined.
    var isConnected: Bool { connection == .open }

    /// - Parameter row: values of the payloads, by slot.
    init(_ start: UserStart, plan: ScenarioPlan, context: RunContext, row: [(slot: Int, value: ScriptValue)] = []) {
        self.start = start
        self.plan = plan
        self.context = context
        let random = SeededGenerator(seed: context.seed, stream: 4, index: UInt64(start.user))
        scope = VariableScope(slots: context.compiled.script.initialSlots, random: random, userIndex: start.user)
        if let slot = context.uuidSlot { scope.slots[slot] = .string(TemplateFunction.uuid(&scope.random)) }
        scope.wallClockMilliseconds = context.startedAtMilliseconds + start.intendedAt.nanoseconds / 1_000_000
        for variable in context.configuration.variables {
            let pick = variable.values.count > 1 ? Int.random(in: 0..<variable.values.count, using: &scope.random) : 0
            scope.slots[variable.slot] = variable.values[pick].value(in: &scope)
        }
        for (slot, value) in row { scope.slots[slot] = value }
        for captured in context.captured { scope.slots[captured.slot] = captured.value }
    }

    /// The values of all captures of this user's flow.
    var captured: [CapturedValue] {
        plan.capturedSlots.map { CapturedValue(slot: $0, value: scope.slots[$0]) }
    }

    /// Takes an input and returns actions, to be performed in order. After the action `close` no input has an effect.
    public mutating func handle(_ input: VirtualUserInput, at now: RunInstant, measurements: inout Measurements) -> [VirtualUserAction] {
        guard outcome == nil else { return [] }
        var turn = Turn(now: now)
        // The measurements are lent to the turn and given back. Otherwise every count would copy them.
        swap(&turn.measurements, &measurements)
        defer { swap(&turn.measurements, &measurements) }
        scope.wallClockMilliseconds = context.startedAtMilliseconds + now.nanoseconds / 1_000_000
        scope.runNanoseconds = now.nanoseconds
        turn.measurements.touch(now)
        switch input {
        case .start: begin(&turn)
        case .connected(let namespace, let timings): connected(namespace, timings, &turn)
        case .connectFailed(_, let reason): connectFailed(reason, &turn)
        case .refused(_, let message):
            turn.measurements.count(Metric.refusals.id)
            connectFailed(message, &turn)
        case .disconnected(let reason): disconnected(reason, &turn)
        case .event(let namespace, let arguments): received(arguments, namespace: namespace, &turn)
        case .acknowledgement(let id, let arguments): acknowledged(id, arguments, &turn)
        case .message(let message): received(message, &turn)
        case .response(let id, let response): responded(id, response, &turn)
        case .requestFailed(let id, let reason): requestFailed(id, reason, &turn)
        case .timer: timer(&turn)
        case .stop: finish(.completed, &turn)
        }
        return turn.actions
    }

    /// The effects of one input.
    struct Turn {
        let now: RunInstant
        var measurements = Measurements.none
        var actions: [VirtualUserAction] = []
        var steps = 0
    }

    // MARK: Beginning and end

    private mutating func begin(_ turn: inout Turn) {
        beganAt = turn.now
        intendedAt = turn.now
        turn.measurements.count(Metric.created.id)
        turn.measurements.count(plan.created)
        if plan.connectsFirst {
            connect(&turn)
        } else {
            play(&turn)
        }
    }

    mutating func finish(_ outcome: Outcome, _ turn: inout Turn) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        waiting = .finished
        deadline = nil
        turn.measurements.audit.receiverEnded(start.user, at: turn.now)
        switch outcome {
        case .completed:
            turn.measurements.count(Metric.completed.id)
            turn.measurements.record(Metric.sessionLength.id, nanoseconds: turn.now.since(beganAt).nanoseconds)
        case .failed(let message):
            turn.measurements.count(Metric.failed.id)
            turn.measurements.count(named: "errors.\(message)")
        }
        turn.actions.append(.close)
    }

    mutating func fail(_ message: String, _ turn: inout Turn) { finish(.failed(message), &turn) }

    // MARK: The clock

    private mutating func timer(_ turn: inout Turn) {
        guard let deadline, deadline <= turn.now else { return }
        self.deadline = nil
        switch waiting {
        case .think, .turn:
            // A late timer is the generator's fault: the next message is due when the think time was over.
            if case .think = waiting { intendedAt = deadline }
            play(&turn)
        case .connection:
            turn.measurements.count(plan.engine.connectionMetrics.failures.id)
            fail("connect timeout", &turn)
        case .answers(let pending):
            turn.measurements.count(Metric.timeouts.id)
            fail(pending.acknowledgement != nil ? "acknowledgement timeout" : "response timeout", &turn)
        case .message:
            turn.measurements.count(Metric.timeouts.id)
            fail("response timeout", &turn)
        case .requests, .beginning, .finished: break
        }
    }

    // MARK: Playing

    /// Plays steps until one waits.
    mutating func play(_ turn: inout Turn) {
        waiting = .turn
        while outcome == nil {
            guard position < plan.instructions.count else {
                // A namespace or connection that no step needed is not opened.
                return finish(.completed, &turn)
            }
            guard turn.steps < Self.maximumStepsPerInput else {
                waiting = .turn
                deadline = turn.now
                return
            }
            turn.steps += 1
            switch plan.instructions[position] {
            case .skip(let condition, let target):
                position = condition.value(in: &scope).isTrue ? position + 1 : target
            case .loopBegin(let loop, let end):
                if beginLoop(loop, &turn) { position += 1 } else { position = end }
            case .loopEnd(let begin):
                if endTurn(of: begin, &turn) { return }
            case .step(let step):
                if perform(step, &turn) { return }
                position += 1
            }
        }
    }

    /// - Returns: True if the user waits now.
    private mutating func perform(_ step: PlannedStep, _ turn: inout Turn) -> Bool {
        if step.needsConnection, !hasConnection(&turn) { return true }
        // Comes before the switch, because the switch copies the action.
        if let emit = step.emit { return self.emit(emit, step: step, &turn) }
        switch step.step.action {
        case .expectEvent(let awaited):
            expect(awaited, step: step, &turn)
            return true
        case .think(let think): return self.think(think, &turn)
        case .log(let template): turn.actions.append(.log(template.text(in: &scope)))
        case .request(let request): return self.request([request], step: step, &turn)
        case .parallel(let requests): return self.request(requests, step: step, &turn)
        case .send(let send): return self.send(send, step: step, &turn)
        case .waitForMessage(let check):
            awaitMessage(check, step: step, isAnswer: false, &turn)
            return true
        case .connect(let connect):
            self.connect(&turn, step: connect)
            position += 1
            return true
        case .emit, .loop: break
        }
        return false
    }

    /// Opens the connection if there is none.
    ///
    /// - Returns: False if the user waits for it now.
    private mutating func hasConnection(_ turn: inout Turn) -> Bool {
        guard plan.engine != .http, connection != .open else { return true }
        if connection == .none { connect(&turn) } else { waitForConnection(&turn) }
        return false
    }

    private mutating func think(_ think: ThinkStep, _ turn: inout Turn) -> Bool {
        let value = think.duration.value(in: &scope)
        guard var duration = DurationText.duration(value) else {
            fail("think takes seconds or a time, not '\(value.text.prefix(40))'", &turn)
            return true
        }
        switch think.jitter {
        case .relative(let share): duration = duration.scaled(by: 1 + share * (2 * scope.random.unit() - 1))
        case .absolute(let most):
            let offset = Double(most.nanoseconds) * (2 * scope.random.unit() - 1)
            duration = .nanoseconds(max(0, duration.nanoseconds + Int64(offset)))
        case nil: break
        }
        position += 1
        waiting = .think
        deadline = turn.now + duration.scaled(by: context.timeScale)
        return true
    }

    // MARK: Loops

    /// - Returns: False if there is no turn to play.
    private mutating func beginLoop(_ loop: LoopStep, _ turn: inout Turn) -> Bool {
        var frame = LoopFrame(
            begin: position, number: 0, end: nil, elements: nil, savedCount: scope.slots[loop.countSlot],
            savedElement: scope.slots[loop.elementSlot], startedAt: turn.now)
        switch loop.repetition {
        case .range(let from, let to): (frame.number, frame.end) = (from, to)
        case .count(let template):
            let value = template.value(in: &scope)
            guard let range = Self.range(value) else {
                fail("count takes a number or a range, not '\(value.text.prefix(40))'", &turn)
                return false
            }
            (frame.number, frame.end) = range
        case .over(let template):
            let value = template.value(in: &scope)
            guard case .array(let elements) = value else {
                fail("a loop goes over a list, not over '\(value.text.prefix(40))'", &turn)
                return false
            }
            (frame.elements, frame.end) = (elements, elements.count)
        case .whileTrue: break
        }
        if let end = frame.end, frame.number >= end { return false }
        if let pace = loop.pace.map({ $0.value(in: &scope) }) {
            guard let duration = DurationText.duration(pace) else {
                fail("pace takes seconds or a time, not '\(pace.text.prefix(40))'", &turn)
                return false
            }
            frame.pace = duration.scaled(by: context.timeScale).nanoseconds
        }
        loops.append(frame)
        setLoopVariables(loop, frame)
        return true
    }

    /// A number from 0, or a text such as "3-7".
    private static func range(_ value: ScriptValue) -> (Int, Int)? {
        if let number = value.number { return (0..<1e15).contains(number) ? (0, Int(number)) : nil }
        let parts = value.text.split(separator: "-").compactMap { Int($0.filter { !$0.isWhitespace }) }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    private mutating func setLoopVariables(_ loop: LoopStep, _ frame: LoopFrame) {
        scope.slots[loop.countSlot] = .int(frame.number)
        scope.slots[loop.elementSlot] = frame.elements.map { $0[frame.number] } ?? .int(frame.number)
    }

    /// - Returns: True if a paced loop waits for its next turn.
    private mutating func endTurn(of begin: Int, _ turn: inout Turn) -> Bool {
        guard case .loopBegin(let loop, let end) = plan.instructions[begin], var frame = loops.popLast() else {
            position += 1
            return false
        }
        frame.number += 1
        frame.turn += 1
        var goesOn = frame.end.map { frame.number < $0 } ?? true
        // As in Artillery, the condition is evaluated after each turn, so the first one is always played.
        if goesOn, case .whileTrue(let condition) = loop.repetition { goesOn = condition.value(in: &scope).isTrue }
        if goesOn, let condition = loop.whileTrue { goesOn = condition.value(in: &scope).isTrue }
        guard goesOn else {
            scope.slots[loop.countSlot] = frame.savedCount
            scope.slots[loop.elementSlot] = frame.savedElement
            position = end
            return false
        }
        setLoopVariables(loop, frame)
        position = begin + 1
        loops.append(frame)
        guard let pace = frame.pace else { return false }
        let due = RunInstant(nanoseconds: frame.startedAt.nanoseconds + pace * Int64(frame.turn))
        if due <= turn.now {
            // Late: the message counts from when it should have been sent.
            intendedAt = due
            return false
        }
        waiting = .think
        deadline = due
        return true
    }
}
