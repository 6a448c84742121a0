import NIOCore
import SocketIOCore

@testable import LoadTesting

/// Plays one virtual user against a server that is a closure, on a clock that the test moves.
struct FakePlay {
    var user: VirtualUser
    let compiled: CompiledScript
    var measurements: Measurements
    var now = RunInstant.zero
    /// All actions so far, in order.
    var actions: [VirtualUserAction] = []

    init(_ text: String, scenario: Int = 0, timeScale: Double = 1, seed: UInt64 = 1, row: [String: ScriptValue] = [:]) throws {
        try self.init(parse(text), scenario: scenario, timeScale: timeScale, seed: seed, row: row)
    }

    init(_ script: Script, scenario: Int = 0, timeScale: Double = 1, seed: UInt64 = 1, row: [String: ScriptValue] = [:]) {
        let compiled = CompiledScript(script)
        self.compiled = compiled
        let context = RunContext(compiled, seed: seed, timeScale: timeScale, startedAtMilliseconds: 1_000_000)
        let start = UserStart(user: 0, scenario: scenario, phase: 0, intendedAt: .zero)
        let values = row.compactMap { name, value in script.variables.existingSlot(for: name).map { (slot: $0, value: value) } }
        user = VirtualUser(start, plan: compiled.scenarios[scenario], context: context, row: values)
        measurements = Measurements(catalog: compiled.catalog)
    }

    @discardableResult
    mutating func input(_ input: VirtualUserInput, after delay: Duration = .zero) -> [VirtualUserAction] {
        now = now + delay
        let actions = user.handle(input, at: now, measurements: &measurements)
        self.actions += actions
        return actions
    }

    /// Starts the user and lets it connect after a time.
    @discardableResult
    mutating func connect(after delay: Duration = .milliseconds(5), namespace: String = "/") -> [VirtualUserAction] {
        input(.start)
        return input(.connected(namespace: namespace, ConnectTimings(tcp: .milliseconds(1))), after: delay)
    }

    @discardableResult
    mutating func acknowledge(_ id: UInt64, _ arguments: String, after delay: Duration = .zero) throws -> [VirtualUserAction] {
        input(
            .acknowledgement(id: id, Arguments(try SocketIOPacket.decode(ByteBuffer(string: "30\(arguments)"), from: .server))),
            after: delay)
    }

    @discardableResult
    mutating func push(_ packet: String, namespace: String = "/", after delay: Duration = .zero) throws -> [VirtualUserAction] {
        input(
            .event(namespace: namespace, Arguments(try SocketIOPacket.decode(ByteBuffer(string: "2\(packet)"), from: .server))),
            after: delay)
    }

    /// Waits until the user's deadline.
    @discardableResult
    mutating func timer() -> [VirtualUserAction] {
        if let deadline = user.deadline { now = max(now, deadline) }
        return input(.timer)
    }

    /// The packets that were emitted, as JSON.
    var packets: [String] {
        actions.compactMap { action in
            guard case .emit(_, let event, let arguments, _) = action else { return nil }
            return "[\(ScriptValue.string(event).json)\(arguments.readableBytes > 0 ? "," : "")\(String(buffer: arguments))]"
        }
    }

    var messages: [String] {
        actions.compactMap { action in
            if case .send(let message) = action { return String(buffer: message) }
            return nil
        }
    }

    func count(_ name: String) -> Int {
        if let index = compiled.catalog.names.firstIndex(of: name) { return measurements.counts[index] }
        return measurements.dynamicCounts[name] ?? 0
    }

    func histogram(_ name: String) -> LatencyHistogram? {
        compiled.catalog.names.firstIndex(of: name).flatMap { measurements.histograms[$0] }
    }
}
