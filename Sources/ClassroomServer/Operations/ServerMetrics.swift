import ClassroomLive
import ClassroomStore
import PrometheusMetrics
import SocketIORedis
import SocketIOServer

/// The counters of the server's parts as metrics. They are read when `/metrics` is requested, so that counting costs nothing more.
/// All label sets are constant.
struct ServerMetrics {
    let io: SocketIO
    let store: any ClassroomStore
    let runtime: ClassroomRuntime

    func register(with registry: PrometheusRegistry) {
        let metrics = self
        registry.addCollector { writer in
            metrics.writeConnections(&writer)
            metrics.writeClassroom(&writer)
            metrics.writeCommits(&writer)
            metrics.writePool(&writer)
            metrics.writeCluster(&writer)
            metrics.writeNodes(&writer)
        }
    }

    /// Only with Redis.
    private func writeCluster(_ writer: inout SampleWriter) {
        guard let adapter = io.of("/").adapter as? RedisAdapter else { return }
        let statistics = adapter.statistics
        writer.counter(
            "dunlin_cluster_messages", help: "Messages between servers, by what became of them.",
            [("sent", statistics.sent), ("unsent", statistics.unsent), ("received", statistics.received), ("refused", statistics.refused)]
                .map { ([("result", $0.0)], $0.1) })
        writer.gauge("dunlin_cluster_requests", help: "Requests to other servers that wait.", Double(statistics.pendingRequests))
        let (seconds, attoseconds) = (statistics.lag ?? .zero).components
        writer.gauge(
            "dunlin_cluster_lag_seconds", help: "How long the latest measured message took to Redis and back.",
            Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// Only with Redis and a database that several servers share.
    private func writeNodes(_ writer: inout SampleWriter) {
        guard let nodes = runtime.snapshot().nodes else { return }
        writer.gauge(
            "dunlin_forwarded_requests_waiting", help: "Requests that wait for the server of their session.", Double(nodes.waiting))
        writer.counter(
            "dunlin_forwarded_requests", help: "Requests passed on to the server of their session, and those of other servers carried out.",
            [("sent", nodes.forwarded), ("unanswered", nodes.unanswered), ("received", nodes.carriedOut)].map { ([("result", $0.0)], $0.1) }
        )
        writer.counter(
            "dunlin_node_messages_refused", help: "Messages on the servers' channels that could not be read.", nodes.refused)
        writer.counter(
            "dunlin_session_events_outdated", help: "Events of a session's former server, not delivered behind later ones.", nodes.outdated)
    }

    private func writeConnections(_ writer: inout SampleWriter) {
        let statistics = io.statistics
        writer.gauge("dunlin_connections", help: "Open connections that speak Socket.IO.", Double(statistics.connections))
        writer.gauge("dunlin_sockets", help: "Sockets in a namespace.", Double(statistics.sockets))
        writer.counter("dunlin_connections_opened", help: "Connections since the start.", statistics.connectionsOpened)
        writer.counter("dunlin_connections_closed", help: "Connections that ended.", statistics.connectionsClosed)
        writer.counter("dunlin_sockets_opened", help: "Sockets that joined a namespace.", statistics.socketsOpened)
        writer.counter("dunlin_transport_upgrades", help: "Polling sessions that moved to a WebSocket.", statistics.upgrades)
        writer.counter(
            "dunlin_handshakes", help: "Requests for a session, by result.",
            HandshakeResult.allCases.map { ([("result", $0.rawValue)], statistics.handshakes[$0] ?? 0) })
        writer.counter(
            "dunlin_joins", help: "Tries to join a namespace, sign-in by the handshake included, by result.",
            JoinResult.allCases.map { ([("result", $0.rawValue)], statistics.joins[$0] ?? 0) })
        writer.counter("dunlin_events_received", help: "Events that clients sent.", statistics.eventsReceived)
        writer.counter("dunlin_packets_sent", help: "Packets queued for clients.", statistics.packetsSent)
        writer.counter(
            "dunlin_slow_client_closes", help: "Clients closed because they did not read.", statistics.slowClientCloses)
        writer.counter("dunlin_protocol_errors", help: "Connections closed for a malformed packet.", statistics.protocolErrors)
        writer.counter("dunlin_volatile_dropped", help: "Volatile events not sent to a client behind.", statistics.volatileDropped)
    }

    private func writeClassroom(_ writer: inout SampleWriter) {
        let snapshot = runtime.snapshot()
        writer.gauge("dunlin_active_users", help: "Distinct signed-in users who are connected.", Double(snapshot.activeUsers))
        writer.gauge(
            "dunlin_sessions", help: "Sessions in memory, by status.",
            [
                ([("status", "waiting")], Double(snapshot.waitingSessions)), ([("status", "active")], Double(snapshot.activeSessions)),
            ])
        writer.gauge("dunlin_session_leases", help: "Sessions that this server runs.", Double(snapshot.leases))
        writer.counter("dunlin_session_leases_lost", help: "Sessions that another server took over.", snapshot.leasesLost)
        writer.counter("dunlin_sessions_taken_up", help: "Sessions taken up from servers that are gone.", snapshot.sessionsTakenUp)
        writer.gauge("dunlin_players", help: "Players connected to a session.", Double(snapshot.players))
        writer.gauge("dunlin_chat_rooms", help: "Chat rooms with members.", Double(snapshot.chatRooms))
        writer.gauge("dunlin_dashboard_subscribers", help: "Sockets that get dashboard metrics.", Double(snapshot.dashboardSubscribers))
        writer.counter("dunlin_requests", help: "Requests that arrived, refused ones included.", Int(clamping: snapshot.requests))
        writer.counter("dunlin_answers_stored", help: "Answers stored.", Int(clamping: snapshot.answers))
        writer.counter("dunlin_answers_duplicate", help: "Answers given again.", Int(clamping: snapshot.duplicateAnswers))
        writer.counter("dunlin_chat_messages", help: "Chat messages stored.", Int(clamping: snapshot.chatMessages))
        writer.counter("dunlin_request_errors", help: "Requests that ended with an error.", Int(clamping: snapshot.errors))
        writer.counter("dunlin_rate_limited", help: "Requests refused by a rate limit.", Int(clamping: snapshot.rateLimited))
        writer.histogram(
            "dunlin_acknowledgement_latency_seconds", help: "From the receipt of a request to its answer.",
            snapshot.acknowledgementLatency)
    }

    private func writeCommits(_ writer: inout SampleWriter) {
        let statistics = store.statistics
        let committing = statistics.committing.components
        writer.counter("dunlin_commits", help: "Transactions committed.", statistics.commits)
        writer.counter("dunlin_committed_writes", help: "Writes in committed transactions.", statistics.writes)
        writer.counter("dunlin_failed_commits", help: "Transactions that failed as a whole.", statistics.failedCommits)
        writer.counter("dunlin_refused_writes", help: "Writes refused: the queue was full, or the store closed.", statistics.refusedWrites)
        writer.gauge("dunlin_largest_commit_batch", help: "The most writes that shared a commit.", Double(statistics.largestBatch))
        writer.histogram(
            "dunlin_commit_batch_size", help: "Writes that shared a commit.",
            buckets: statistics.batchSizes.map { (Double($0.upperBound), $0.cumulativeCount) }, count: statistics.commits,
            sum: Double(statistics.writes))
        writer.gauge("dunlin_queued_writes", help: "Writes that wait for the next commit.", Double(statistics.queued))
        writer.counter(
            "dunlin_commit_seconds", help: "Time spent in transactions, syncs to the disk included.",
            Double(committing.seconds) + Double(committing.attoseconds) / 1e18)
    }

    /// Of a database server; a file has none of it.
    private func writePool(_ writer: inout SampleWriter) {
        guard let pool = store.pool else { return }
        writer.gauge("dunlin_database_connections", help: "Open connections to the database.", Double(pool.connections))
        writer.counter("dunlin_database_connections_opened", help: "Connections to the database since the start.", pool.connectionsOpened)
        writer.counter("dunlin_database_failed_connects", help: "Attempts to connect to the database that failed.", pool.failedConnects)
        writer.counter(
            "dunlin_database_lost_connections", help: "Connections that broke, or did not answer in time.", pool.lostConnections)
        writer.counter("dunlin_database_reads", help: "Reads carried out.", pool.reads)
        writer.counter("dunlin_database_timed_out_reads", help: "Reads that failed because the time was up.", pool.timedOutReads)
        writer.counter("dunlin_database_refused_reads", help: "Reads refused because the queue was full.", pool.refusedReads)
        writer.gauge("dunlin_database_queued_reads", help: "Reads that wait for a connection.", Double(pool.queuedReads))
    }
}
