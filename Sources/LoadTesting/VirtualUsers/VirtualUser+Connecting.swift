import NIOCore
import JSONCore

extension VirtualUser {
    /// Opens the connection of the flow, or the one that a `connect` step describes.
    mutating func connect(_ turn: inout Turn, step: ConnectStep? = nil) {
        let configuration = context.configuration
        connection = .opening
        connectStartedAt = turn.now
        var request = ConnectionRequest(
            engine: plan.engine, url: configuration.target ?? "", path: "", transports: [], query: [], headers: [], subprotocols: [],
            namespace: "", auth: nil, timeout: configuration.timeout, verifiesCertificates: configuration.verifiesCertificates)
        switch plan.engine {
        case .socketIO:
            let settings = configuration.socketIO
            request.path = settings.path
            request.transports = settings.transports
            request.query = render(settings.query)
            request.headers = render(settings.headers)
            request.namespace = firstNamespace()
            request.auth = auth()
            request.timeout = settings.connectTimeout ?? configuration.timeout
        case .webSocket, .http:
            request.headers = render(configuration.webSocket.headers)
            request.subprotocols = configuration.webSocket.subprotocols
            if let target = step?.target?.text(in: &scope) { request.url = absolute(target) }
            for (name, value) in step?.headers ?? [] { request.headers.append(HTTPField(name, value.text(in: &scope))) }
            if let protocols = step?.subprotocols, !protocols.isEmpty {
                request.subprotocols = protocols.map { $0.text(in: &scope) }
            }
        }
        if !cookies.isEmpty, !request.headers.contains(where: { $0.name.lowercased() == "cookie" }) {
            request.headers.append(HTTPField("cookie", cookieHeader))
        }
        joining = request.namespace
        turn.actions.append(.connect(request))
        waitForConnection(&turn, timeout: request.timeout)
    }

    /// The namespace of the next Socket.IO step, which is joined first. So a flow within one namespace does not join `/` as well.
    private mutating func firstNamespace() -> String {
        for instruction in plan.instructions[min(position, plan.instructions.count)...] {
            guard case .step(let planned) = instruction else { continue }
            switch planned.step.action {
            case .emit(let emit): return emit.namespace?.text(in: &scope) ?? "/"
            case .expectEvent(let awaited): return awaited.namespace?.text(in: &scope) ?? "/"
            default: continue
            }
        }
        return "/"
    }

    private mutating func auth() -> JSONSlice? {
        guard let template = context.configuration.socketIO.auth else { return nil }
        return try? JSONSlice(validating: template.rendered(in: &scope))
    }

    mutating func render(_ pairs: [(name: String, value: Template)]) -> [HTTPField] {
        var fields: [HTTPField] = []
        for (name, value) in pairs { fields.append(HTTPField(name, value.text(in: &scope))) }
        return fields
    }

    mutating func waitForConnection(_ turn: inout Turn, timeout: Duration? = nil) {
        waiting = .connection
        deadline = turn.now + (timeout ?? context.timeout)
    }

    /// Joins a namespace that the step needs and that is not joined yet.
    ///
    /// - Returns: True if it is joined already.
    mutating func isJoined(_ namespace: String, _ turn: inout Turn) -> Bool {
        if namespaces.contains(namespace) { return true }
        joining = namespace
        connectStartedAt = turn.now
        turn.actions.append(.join(namespace: namespace, auth: auth()))
        waitForConnection(&turn)
        return false
    }

    mutating func connected(_ namespace: String, _ timings: ConnectTimings, _ turn: inout Turn) {
        guard joining == namespace || plan.engine == .webSocket else { return }
        let isReconnect = connection == .lost
        let isFirst = connection != .open
        connection = .open
        joining = nil
        if plan.engine == .socketIO, !namespaces.contains(namespace) { namespaces.append(namespace) }
        let metrics = plan.engine.connectionMetrics
        if isFirst {
            turn.measurements.count(isReconnect ? Metric.reconnects.id : metrics.connects.id)
            turn.measurements.record(metrics.time.id, nanoseconds: turn.now.since(connectStartedAt).nanoseconds)
        }
        let phases: [(Duration?, Metric)] = [
            (timings.tcp, metrics.tcp), (timings.tls, metrics.tls), (timings.handshake, metrics.handshake),
            (timings.namespace, .connectTimeNamespace),
        ]
        for case (let duration?, let metric) in phases { turn.measurements.record(metric.id, nanoseconds: duration.nanoseconds) }
        guard case .connection = waiting else { return }
        deadline = nil
        intendedAt = turn.now
        play(&turn)
    }

    mutating func connectFailed(_ reason: String, _ turn: inout Turn) {
        turn.measurements.count(plan.engine.connectionMetrics.failures.id)
        fail("connect: \(reason)", &turn)
    }

    mutating func disconnected(_ reason: String, _ turn: inout Turn) {
        let metric = plan.engine.connectionMetrics.disconnects
        turn.measurements.count(metric.id)
        turn.measurements.count(named: "\(metric.name).\(reason)")
        guard context.configuration.socketIO.reconnects, plan.engine == .socketIO else {
            return fail("disconnected: \(reason)", &turn)
        }
        switch self.waiting {
        case .answers: return fail("disconnected: \(reason)", &turn)
        default: break
        }
        let waiting = self.waiting
        let deadline = self.deadline
        namespaces = []
        connect(&turn)
        connection = .lost
        // A thinking user continues to think while the connection is made again.
        if case .think = waiting { (self.waiting, self.deadline) = (waiting, deadline) }
    }
}
