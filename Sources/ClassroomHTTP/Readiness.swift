package import ClassroomStore
import NIOConcurrencyHelpers

/// Tells whether this server should get new clients. A drain shows here first, before anything is closed.
package final class Readiness: Sendable {
    package enum Status: String, Sendable {
        case starting, ready, draining
        /// The database does not answer, or says that it cannot work.
        case databaseUnavailable = "database_unavailable"
        /// Redis does not answer: this server is cut off from the others.
        case redisUnavailable = "redis_unavailable"
    }

    private struct State {
        var status = Status.starting
        /// Whether the last look at the database went well.
        var isStoreHealthy = true
        var isRedisHealthy = true
        /// Only one look at a time: with a database that hangs, further ones would pile up.
        var isLooking = false
        /// The time at which the last look began.
        var lookedAt: ContinuousClock.Instant?
    }

    private let store: any ClassroomStore
    private let redis: (@Sendable () async throws -> Void)?
    private let timeout: Duration
    private let interval: Duration
    private let state = NIOLockedValueBox(State())

    /// A database that takes longer than `timeout` to answer counts as down. A look writes to the disk: anybody may ask, and within `interval`
    /// they all get the same answer.
    ///
    /// - Parameter redis: throws if Redis does not answer, in less than `timeout`; nil: there is none.
    package init(
        store: any ClassroomStore, redis: (@Sendable () async throws -> Void)? = nil, timeout: Duration = .seconds(2),
        interval: Duration = .milliseconds(500)
    ) {
        self.store = store
        self.redis = redis
        self.interval = interval
        self.timeout = timeout
    }

    /// The listener is open. A drain that has begun goes on.
    package func open() {
        state.withLockedValue { if $0.status == .starting { $0.status = .ready } }
    }

    package func drain() {
        state.withLockedValue { $0.status = .draining }
    }

    /// Asks the database and Redis, unless somebody is asking already: then the last known answer counts.
    func check() async -> Status {
        let now = ContinuousClock.now
        let (status, mayLook) = state.withLockedValue { state in
            let isRecent = state.lookedAt.map { now - $0 < interval } ?? false
            let mayLook = state.status == .ready && !state.isLooking && !isRecent
            if mayLook {
                state.isLooking = true
                state.lookedAt = now
            }
            return (state.status, mayLook)
        }
        guard status == .ready else { return status }
        if mayLook { await look() }
        return state.withLockedValue { state in
            guard state.status == .ready else { return state.status }
            return !state.isStoreHealthy ? .databaseUnavailable : !state.isRedisHealthy ? .redisUnavailable : .ready
        }
    }

    private func redisAnswers() async -> Bool {
        guard let redis else { return true }
        return (try? await redis()) != nil
    }

    /// Returns when both have answered or the time is up, whichever is first.
    private func look() async {
        let once = Once()
        await withCheckedContinuation { continuation in
            Task {
                async let redisAnswers = self.redisAnswers()
                let isStoreHealthy = (try? await self.store.health()) != nil
                let isRedisHealthy = await redisAnswers
                self.state.withLockedValue {
                    $0.isStoreHealthy = isStoreHealthy
                    $0.isRedisHealthy = isRedisHealthy
                    $0.isLooking = false
                }
                if once.claim() { continuation.resume() }
            }
            Task {
                try? await Task.sleep(for: self.timeout)
                guard once.claim() else { return }
                self.state.withLockedValue { $0.isStoreHealthy = false }
                continuation.resume()
            }
        }
    }
}

/// Lets exactly one of several tasks go first.
private final class Once: Sendable {
    private let isClaimed = NIOLockedValueBox(false)

    func claim() -> Bool {
        isClaimed.withLockedValue { isClaimed in
            defer { isClaimed = true }
            return !isClaimed
        }
    }
}
