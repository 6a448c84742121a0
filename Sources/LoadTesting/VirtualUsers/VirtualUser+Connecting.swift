import NIOCore
import JSONCore

extension VirtualUser {
    /// Asks for the connection of the flow, or the one that a `connect` step describes.
    mutating func connect(_ turn: inout Turn, step: ConnectStep? = nil) {
        let configuration = self.context.configuration
        self.connection = .opening
        self.connectStartedAt = turn.now
        var request = ConnectionRequest(
            engine: self.plan.engine, url: configuration.target ?? "", path: "", transports: [], query: [], headers: [], subprotocols: [],
            namespace: "", auth: nil, timeout: configuration.timeout, verifiesCertificates: configuration.verifiesCertificates)
        switch self.plan.engine {
        case .socketIO:
            let settings = configuration.socketIO
            request.path = settings.path
            request.transports = settings.transports
            request.query = self.render(settings.query)
            request.headers = self.render(settings.headers)
            request.namespace = self.firstNamespace()
            request.auth = self.auth()
            request.timeout = settings.connectTimeout ?? configuration.timeout
        case .webSocket, .http:
            request.headers = self.render(configuration.webSocket.headers)
            request.subprotocols = configuration.webSocket.subprotocols
            if let target = step?.target?.text(in: &self.scope) { request.url = self.absolute(target) }
            for (name, value) in step?.headers ?? [] { request.headers.append(HTTPField(name, value.text(in: &self.scope))) }
            if let protocols = step?.subprotocols, !protocols.isEmpty {
                request.subprotocols = protocols.map { $0.text(in: &self.scope) }
            }
        }
        if !self.cookies.isEmpty, !request.headers.contains(where: { $0.name.lowercased() == "cookie" }) {
            request.headers.append(HTTPField("cookie", self.cookieHeader))
        }
        self.joining = request.namespace
        turn.actions.append(.connect(request))
        self.waitForConnection(&turn, timeout: request.timeout)
    }

    /// The namespace that the next Socket.IO step needs: a connection that is meant for one namespace does not join `/` as well.
    private mutating func firstNamespace() -> String {
        for instruction in self.plan.instructions[min(self.position, self.plan.instructions.count)...] {
            guard case .step(let planned) = instruction else { continue }
            switch planned.step.action {
            case .emit(let emit): return emit.namespace?.text(in: &self.scope) ?? "/"
            case .expectEvent(let awaited): return awaited.namespace?.text(in: &self.scope) ?? "/"
            default: continue
            }
        }
        return "/"
    }

    private mutating func auth() -> JSONSlice? {
        guard let template = self.context.configuration.socketIO.auth else { return nil }
        return try? JSONSlice(validating: template.rendered(in: &self.scope))
    }

    mutating func render(_ pairs: [(name: String, value: Template)]) -> [HTTPField] {
        var fields: [HTTPField] = []
        for (name, value) in pairs { fields.append(HTTPField(name, value.text(in: &self.scope))) }
        return fields
    }

    mutating func waitForConnection(_ turn: inout Turn, timeout: Duration? = nil) {
        self.waiting = .connection
        self.deadline = turn.now + (timeout ?? self.context.timeout)
    }

    /// Joins a namespace that the step needs and that is not joined yet.
    ///
    /// - Returns: True if it is joined already.
    mutating func isJoined(_ namespace: String, _ turn: inout Turn) -> Bool {
        if self.namespaces.contains(namespace) { return true }
        self.joining = namespace
        self.connectStartedAt = turn.now
        turn.actions.append(.join(namespace: namespace, auth: self.auth()))
        self.waitForConnection(&turn)
        return false
    }

    mutating func connected(_ namespace: String, _ timings: ConnectTimings, _ turn: inout Turn) {
        guard self.joining == namespace || self.plan.engine == .webSocket else { return }
        let isReconnect = self.connection == .lost
        let isFirst = self.connection != .open
        self.connection = .open
        self.joining = nil
        if self.plan.engine == .socketIO, !self.namespaces.contains(namespace) { self.namespaces.append(namespace) }
        let metrics = self.plan.engine.connectionMetrics
        if isFirst {
            turn.measurements.count(isReconnect ? Metric.reconnects.id : metrics.connects.id)
            turn.measurements.record(metrics.time.id, nanoseconds: turn.now.since(self.connectStartedAt).nanoseconds)
        }
        let phases: [(Duration?, Metric)] = [
            (timings.tcp, metrics.tcp), (timings.tls, metrics.tls), (timings.handshake, metrics.handshake),
            (timings.namespace, .connectTimeNamespace),
        ]
        for case (let duration?, let metric) in phases { turn.measurements.record(metric.id, nanoseconds: duration.nanoseconds) }
        guard case .connection = self.waiting else { return }
        self.deadline = nil
        self.intendedAt = turn.now
        self.play(&turn)
    }

    mutating func connectFailed(_ reason: String, _ turn: inout Turn) {
        turn.measurements.count(self.plan.engine.connectionMetrics.failures.id)
        self.fail("connect: \(reason)", &turn)
    }

    mutating func disconnected(_ reason: String, _ turn: inout Turn) {
        let metric = self.plan.engine.connectionMetrics.disconnects
        turn.measurements.count(metric.id)
        turn.measurements.count(named: "\(metric.name).\(reason)")
        guard self.context.configuration.socketIO.reconnects, self.plan.engine == .socketIO else {
            return self.fail("disconnected: \(reason)", &turn)
        }
        switch self.waiting {
        case .answers: return self.fail("disconnected: \(reason)", &turn)
        default: break
        }
        let waiting = self.waiting
        let deadline = self.deadline
        self.namespaces = []
        self.connect(&turn)
        self.connection = .lost
        // A user who thinks goes on thinking while the connection is made again.
        if case .think = waiting { (self.waiting, self.deadline) = (waiting, deadline) }
    }
}
