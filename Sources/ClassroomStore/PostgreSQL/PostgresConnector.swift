import Foundation
import Logging
import NIOConcurrencyHelpers

/// Opens connections, and retries while the server is away. Shared by the threads, which have one connection each.
final class PostgresConnector: Sendable {
    private struct State {
        var statistics = PoolStatistics()
        /// Whether the last attempt failed: a series of failures is logged once.
        var isDown = false
    }

    private let url: String
    private let configuration: PoolConfiguration
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    init(url: String, configuration: PoolConfiguration, logger: Logger) {
        self.url = url
        self.configuration = configuration
        self.logger = logger
    }

    var statistics: PoolStatistics { state.withLockedValue { $0.statistics } }

    func count(_ change: (inout PoolStatistics) -> Void) { state.withLockedValue { change(&$0.statistics) } }

    /// One attempt.
    func open(until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> PostgresConnection {
        do throws(PostgresFailure) {
            let limit = min(deadline, .now + configuration.connectTimeout)
            let connection = try PostgresConnection(url: url, deadline: limit)
            let wasDown = state.withLockedValue { state in
                state.statistics.connections += 1
                state.statistics.connectionsOpened += 1
                defer { state.isDown = false }
                return state.isDown
            }
            if wasDown { logger.notice("the database is back") }
            return connection
        } catch {
            let wasUp = state.withLockedValue { state in
                state.statistics.failedConnects += 1
                defer { state.isDown = true }
                // The caller that opens the store reports the error.
                return !state.isDown && state.statistics.connectionsOpened > 0
            }
            if wasUp { logger.error("cannot connect to the database", metadata: ["reason": "\(error.message)"]) }
            throw error
        }
    }

    /// Tries until one attempt succeeds or the time is up, with a longer wait each time. It sleeps, so it needs its own thread.
    func connect(until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> PostgresConnection {
        var attempt = 0
        while true {
            do throws(PostgresFailure) {
                return try open(until: deadline)
            } catch {
                let delay = ReconnectDelay(first: configuration.firstReconnectDelay, longest: configuration.longestReconnectDelay)
                    .before(attempt: attempt, random: .random(in: 0..<1))
                guard ContinuousClock.now + delay < deadline else { throw error }
                Thread.sleep(forTimeInterval: delay / .seconds(1))
                attempt += 1
            }
        }
    }

    /// Counts a dropped connection. `isLost` is true if it broke or did not answer.
    func closed(isLost: Bool) {
        count { statistics in
            statistics.connections -= 1
            if isLost { statistics.lostConnections += 1 }
        }
    }
}

/// The wait before connecting again. It doubles each time up to a limit, and a random part of it is used, so that servers that lost the
/// database together do not come back together.
struct ReconnectDelay {
    let first: Duration
    let longest: Duration

    /// - Parameters:
    ///   - attempt: failed attempts before this one, from 0.
    ///   - random: from 0 to below 1.
    func before(attempt: Int, random: Double) -> Duration {
        let full = min(longest, first * (1 << min(max(attempt, 0), 20)))
        return full * (0.5 + random / 2)
    }
}

/// The connection of one thread. It is opened on demand and dropped after a failure.
struct PostgresLine {
    private let connector: PostgresConnector
    private var connection: PostgresConnection?

    init(_ connector: PostgresConnector) { self.connector = connector }

    /// The connection. If the server has closed it meanwhile, it is replaced before anything is sent.
    mutating func open(until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> PostgresConnection {
        if let connection, connection.isAlive { return connection }
        drop(isLost: true)
        let connection = try connector.connect(until: deadline)
        self.connection = connection
        return connection
    }

    mutating func drop(isLost: Bool) {
        guard connection != nil else { return }
        connection = nil
        connector.closed(isLost: isLost)
    }
}
