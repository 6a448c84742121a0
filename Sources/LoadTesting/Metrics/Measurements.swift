/// A metric of a running script, by its place in the catalog.
public struct MetricID: Sendable, Hashable {
    let index: Int
}

/// The names of all metrics that are known before the run. To count one of them is an addition at its index.
public struct MetricCatalog: Sendable {
    private(set) var names: [String] = []
    private var ids: [String: MetricID] = [:]

    init() { for metric in Metric.allCases { _ = id(metric.name) } }

    mutating func id(_ name: String) -> MetricID {
        if let id = ids[name] { return id }
        let id = MetricID(index: names.count)
        ids[name] = id
        names.append(name)
        return id
    }
}

/// The metrics that every run has. They have Artillery's names if Artillery has the metric.
enum Metric: Int, CaseIterable {
    case created, completed, failed, skipped, sessionLength, emits,
        responseTime, serviceTime, acknowledgementTime, pushTime, fanOutTime, eventsReceived,
        errorEvents, sentAtLatency, connects, reconnects, disconnects, connectTime, connectTimeTCP,
        connectTimeTLS, connectTimeHandshake, connectTimeNamespace, connectFailures, refusals, timeouts, sentMessages,
        receivedMessages, webSocketResponseTime, requests, responses, httpResponseTime, bytesSent,
        bytesReceived, expectationsMet, expectationsFailed, webSocketConnects, webSocketConnectFailures,
        webSocketDisconnects, webSocketConnectTime, webSocketConnectTimeTCP, webSocketConnectTimeTLS, webSocketConnectTimeHandshake,
        downloadedBytes, httpResponseTime2xx, httpResponseTime3xx, httpResponseTime4xx, httpResponseTime5xx

    var id: MetricID { MetricID(index: rawValue) }

    var name: String {
        switch self {
        case .created: "vusers.created"
        case .completed: "vusers.completed"
        case .failed: "vusers.failed"
        case .skipped: "vusers.skipped"
        case .sessionLength: "vusers.session_length"
        case .emits: "socketio.emit"
        case .responseTime: "socketio.response_time"
        case .serviceTime: "socketio.service_time"
        case .acknowledgementTime: "socketio.acknowledgement_time"
        case .pushTime: "socketio.push_time"
        case .fanOutTime: "socketio.fanout_time"
        case .eventsReceived: "socketio.messages_received"
        case .errorEvents: "socketio.error_events"
        case .sentAtLatency: "socketio.latency"
        case .connects: "socketio.connects"
        case .reconnects: "socketio.reconnects"
        case .disconnects: "socketio.disconnects"
        case .connectTime: "socketio.connect_time"
        case .connectTimeTCP: "socketio.connect_time.tcp"
        case .connectTimeTLS: "socketio.connect_time.tls"
        case .connectTimeHandshake: "socketio.connect_time.handshake"
        case .connectTimeNamespace: "socketio.connect_time.namespace"
        case .connectFailures: "socketio.connect_failures"
        case .refusals: "socketio.connect_refusals"
        case .timeouts: "socketio.timeouts"
        case .sentMessages: "websocket.messages_sent"
        case .receivedMessages: "websocket.messages_received"
        case .webSocketResponseTime: "websocket.response_time"
        case .requests: "http.requests"
        case .responses: "http.responses"
        case .httpResponseTime: "http.response_time"
        case .bytesSent: "bytes.sent"
        case .bytesReceived: "bytes.received"
        case .expectationsMet: "plugins.expect.ok"
        case .expectationsFailed: "plugins.expect.failed"
        case .webSocketConnects: "websocket.connects"
        case .webSocketConnectFailures: "websocket.connect_failures"
        case .webSocketDisconnects: "websocket.disconnects"
        case .webSocketConnectTime: "websocket.connect_time"
        case .webSocketConnectTimeTCP: "websocket.connect_time.tcp"
        case .webSocketConnectTimeTLS: "websocket.connect_time.tls"
        case .webSocketConnectTimeHandshake: "websocket.connect_time.handshake"
        case .downloadedBytes: "http.downloaded_bytes"
        case .httpResponseTime2xx: "http.response_time.2xx"
        case .httpResponseTime3xx: "http.response_time.3xx"
        case .httpResponseTime4xx: "http.response_time.4xx"
        case .httpResponseTime5xx: "http.response_time.5xx"
        }
    }

    /// Response times of one class of status codes.
    static func httpResponseTime(status: Int) -> Metric? {
        switch status / 100 {
        case 2: .httpResponseTime2xx
        case 3: .httpResponseTime3xx
        case 4: .httpResponseTime4xx
        case 5: .httpResponseTime5xx
        default: nil
        }
    }

    /// Whether it has a histogram; the others are counters.
    var isTime: Bool {
        switch self {
        case .sessionLength, .responseTime, .serviceTime, .acknowledgementTime, .pushTime, .fanOutTime, .sentAtLatency, .connectTime,
            .connectTimeTCP, .connectTimeTLS, .connectTimeHandshake, .connectTimeNamespace, .webSocketResponseTime, .httpResponseTime,
            .httpResponseTime2xx, .httpResponseTime3xx, .httpResponseTime4xx, .httpResponseTime5xx, .webSocketConnectTime,
            .webSocketConnectTimeTCP, .webSocketConnectTimeTLS, .webSocketConnectTimeHandshake:
            true
        default: false
        }
    }

    /// Counters whose rate Artillery reports under a name of its own.
    static let rates: [(counter: Metric, name: String)] = [
        (.emits, "socketio.emit_rate"), (.sentMessages, "websocket.send_rate"), (.requests, "http.request_rate"),
    ]
}

/// The metrics of one engine's connections. The engine's name is part of theirs.
struct ConnectionMetrics {
    let connects, failures, disconnects, time, tcp, tls, handshake: Metric
}

extension ScriptEngine {
    var connectionMetrics: ConnectionMetrics {
        switch self {
        case .socketIO:
            ConnectionMetrics(
                connects: .connects, failures: .connectFailures, disconnects: .disconnects, time: .connectTime, tcp: .connectTimeTCP,
                tls: .connectTimeTLS, handshake: .connectTimeHandshake)
        case .webSocket, .http:
            ConnectionMetrics(
                connects: .webSocketConnects, failures: .webSocketConnectFailures, disconnects: .webSocketDisconnects,
                time: .webSocketConnectTime, tcp: .webSocketConnectTimeTCP, tls: .webSocketConnectTimeTLS,
                handshake: .webSocketConnectTimeHandshake)
        }
    }
}

/// Counters and histograms of one event loop, or of one period, or of the whole run. Additive: ``merge(_:)`` loses nothing.
public struct Measurements: Sendable, Codable {
    /// The maximum number of names that appear only during the run, such as error messages. Further ones are counted under one name.
    static let maximumDynamicNames = 500
    static let overflowName = "errors.other (too many different messages)"

    private struct Contents: Sendable, Codable {
        var counts: [Int]
        var histograms: [LatencyHistogram?]
        var dynamicCounts: [String: Int] = [:]
        /// Covers the whole run: ``take()`` does not reset it.
        var audit = DeliveryAudit()
        /// When the first and the last input was measured.
        var firstAt: RunInstant?
        var lastAt: RunInstant?

        /// The audit is collected once, at the end.
        private enum CodingKeys: String, CodingKey { case counts, histograms, dynamicCounts, firstAt, lastAt }

        init(metrics: Int) {
            counts = Array(repeating: 0, count: metrics)
            histograms = Array(repeating: nil, count: metrics)
        }
    }

    /// An array of one element. The measurements are lent to a virtual user for each message; this moves only one reference.
    private var box: [Contents]

    /// The placeholder for measurements that were lent.
    static let none = Measurements(box: [])

    private init(box: [Contents]) { self.box = box }

    public init(catalog: MetricCatalog) { self.init(box: [Contents(metrics: catalog.names.count)]) }

    public init(from decoder: any Decoder) throws { self.init(box: [try Contents(from: decoder)]) }

    public func encode(to encoder: any Encoder) throws { try box[0].encode(to: encoder) }

    var counts: [Int] { box[0].counts }
    var histograms: [LatencyHistogram?] { box[0].histograms }
    var dynamicCounts: [String: Int] { box[0].dynamicCounts }
    var firstAt: RunInstant? { box[0].firstAt }
    var lastAt: RunInstant? { box[0].lastAt }
    var audit: DeliveryAudit {
        get { box[0].audit }
        _modify { yield &box[0].audit }
    }

    mutating func touch(_ now: RunInstant) {
        if box[0].firstAt == nil { box[0].firstAt = now }
        box[0].lastAt = now
    }

    mutating func count(_ id: MetricID, by amount: Int = 1) { box[0].counts[id.index] &+= amount }

    mutating func record(_ id: MetricID, nanoseconds: Int64) {
        if box[0].histograms[id.index] == nil { box[0].histograms[id.index] = LatencyHistogram() }
        box[0].histograms[id.index]?.record(nanoseconds: nanoseconds)
    }

    mutating func count(named name: String, by amount: Int = 1) {
        if box[0].dynamicCounts[name] == nil, box[0].dynamicCounts.count >= Self.maximumDynamicNames {
            box[0].dynamicCounts[Self.overflowName, default: 0] += amount
        } else {
            box[0].dynamicCounts[name, default: 0] += amount
        }
    }

    subscript(count id: MetricID) -> Int { box[0].counts[id.index] }
    subscript(histogram id: MetricID) -> LatencyHistogram? { box[0].histograms[id.index] }

    public mutating func merge(_ other: Measurements) {
        for index in other.counts.indices { box[0].counts[index] &+= other.counts[index] }
        for index in other.histograms.indices {
            guard let histogram = other.histograms[index] else { continue }
            if box[0].histograms[index] == nil { box[0].histograms[index] = LatencyHistogram() }
            box[0].histograms[index]?.merge(histogram)
        }
        for (name, count) in other.dynamicCounts { self.count(named: name, by: count) }
        if !other.audit.isEmpty { audit.merge(other.audit) }
        if let first = other.firstAt { box[0].firstAt = firstAt.map { min($0, first) } ?? first }
        if let last = other.lastAt { box[0].lastAt = lastAt.map { max($0, last) } ?? last }
    }

    /// Returns the measurements so far, without the audit, and starts again from zero.
    public mutating func take() -> Measurements {
        var rest = Contents(metrics: counts.count)
        swap(&rest.audit, &box[0].audit)
        var taken = Measurements(box: [rest])
        swap(&taken, &self)
        return taken
    }
}
