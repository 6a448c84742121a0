import Classroom
import ClassroomStore
import Logging
import NIOConcurrencyHelpers

/// Which sessions this server runs. Thread-safe.
///
/// A session that has not ended is run by the server that holds its lease; each new owner raises the session's epoch, and what an earlier
/// one decided is refused. If several servers share the database, leases are short and renewed often, and each server looks for sessions
/// without an owner. If one server has the database for itself, it takes all sessions over when it starts.
final class SessionLeases: Sendable {
    private struct State {
        /// The sessions that this server runs, each with the end of its lease, counted from before the lease was asked for.
        var held: [String: UnixMilliseconds] = [:]
        /// Sessions that could not be taken up, such as those whose quiz is gone, and when they are tried again.
        var hopeless: [String: UnixMilliseconds] = [:]
        var lost = 0
        var takenUp = 0
        var timer: ScheduledWork?
        var isStopped = false
    }

    /// The maximum number of sessions taken over at once.
    private static let maximumOrphans = 100
    private static let retryMs: Int64 = 60_000

    /// This server's id, new at each start.
    private let owner: String
    /// Whether servers reach each other by that id. If so, a session of another server is not waited for.
    private let isReachable: Bool
    private let state = NIOLockedValueBox(State())
    private let store: any ClassroomStore
    private let clock: any ClassroomClock
    private let durationMs: Int64
    private var duration: Duration { .milliseconds(durationMs) }
    /// What is left of a lease whose owner has missed a renewal. If its process is gone too, the rest is not waited for. An owner that only
    /// lost its connection to the database has a new one before that.
    private var abandonedRemainder: Duration { .milliseconds(max(0, durationMs - renewalMs - renewalMs / 2)) }
    private let renewalMs: Int64
    private let logger: Logger

    /// - Parameter node: the id by which other servers reach this one. Nil if they cannot.
    init(
        store: any ClassroomStore, clock: any ClassroomClock, configuration: RuntimeConfiguration, node: String? = nil, logger: Logger
    ) {
        owner = node ?? RandomIdentifier.uuid()
        isReachable = node != nil
        self.store = store
        self.clock = clock
        durationMs = Int64(configuration.leaseDurationMs)
        renewalMs = Int64(configuration.leaseRenewalMs)
        self.logger = logger
    }

    var heldCount: Int { state.withLockedValue { $0.held.count } }
    var lostCount: Int { state.withLockedValue { $0.lost } }
    /// Sessions of servers that are gone, which this one has taken up.
    var takenUpCount: Int { state.withLockedValue { $0.takenUp } }

    /// Makes this server the owner of a session.
    /// - Returns: the session as its last owner left it, with the new epoch.
    /// - Throws: while another server is the owner, ``SessionElsewhere`` if servers reach each other, else `ClassroomError.sessionElsewhere`.
    func acquire(_ record: SessionRecord) async throws -> SessionRecord {
        let request = StoreWrite.LeaseRequest(
            sessionID: record.id, createdAt: record.createdAt, owner: owner, duration: duration, takesOver: !store.isShared,
            abandonedRemainder: abandonedRemainder)
        var known: SessionLease?
        let end = clock.now + 2 * durationMs
        while true {
            let asked = clock.now
            switch try await store.acquireLease(request) {
            case .granted(let lease): return try await granted(lease, until: asked + durationMs, record)
            case .sessionVanished: throw ClassroomError.sessionNotFound
            case .held(let lease) where isReachable:
                throw SessionElsewhere(sessionID: record.id, place: SessionPlace(node: lease.owner, epoch: lease.epoch))
            case .held(let lease):
                // If it was renewed meanwhile, its owner is alive. Otherwise it ends soon, for example after this server was restarted.
                guard known == nil || known == lease, clock.now < end else { throw ClassroomError.sessionElsewhere }
                known = lease
                await wait(renewalMs / 2)
            }
        }
    }

    private func granted(_ lease: SessionLease, until end: UnixMilliseconds, _ record: SessionRecord) async throws -> SessionRecord {
        state.withLockedValue { $0.held[record.id] = end }
        var current = record
        if store.isShared {
            guard let read = try await store.session(id: record.id), read.createdAt == record.createdAt else {
                throw ClassroomError.sessionNotFound
            }
            current = read
        }
        current.epoch = lease.epoch
        return current
    }

    private func wait(_ milliseconds: Int64) async {
        await withCheckedContinuation { continuation in
            _ = clock.schedule(at: clock.now + milliseconds) { continuation.resume() }
        }
    }

    /// Gives up the lease of a session that has left memory, so that other servers need not wait for its end.
    func release(_ sessionID: String) {
        let wasHeld = state.withLockedValue { $0.held.removeValue(forKey: sessionID) != nil }
        guard wasHeld, store.isShared else { return }
        store.perform(.releaseLeases(owner: owner, sessionIDs: [sessionID])) { _ in }
    }

    // MARK: Certainty

    /// Whether this server certainly runs a session. It is uncertain after it was stopped, or while it cannot renew its leases.
    func isCertain(of sessionID: String) -> Bool {
        guard store.isShared else { return true }
        let now = clock.now
        return state.withLockedValue { ($0.held[sessionID] ?? .min) > now }
    }

    /// Renews the lease of one session.
    /// - Returns: false if another server runs it.
    func confirm(_ sessionID: String) async throws -> Bool {
        try await renew([sessionID]).isEmpty
    }

    // MARK: Time

    /// Renews leases and looks for sessions without an owner until ``stop()``.
    /// - Parameters:
    ///   - onLost: called for a session that another server owns now.
    ///   - onOrphan: called for an active session without an owner. It returns false if the session cannot be taken over.
    func start(onLost: @escaping @Sendable (String) async -> Void, onOrphan: @escaping @Sendable (String) async -> Bool) {
        guard store.isShared else { return }
        arm(onLost, onOrphan)
    }

    /// Gives up all leases, so that other servers can take over at once.
    func stop() async {
        let (held, timer) = state.withLockedValue { state in
            state.isStopped = true
            defer { state.held = [:] }
            return (Array(state.held.keys), state.timer)
        }
        timer?.cancel()
        guard store.isShared, !held.isEmpty else { return }
        // They end now, and the next server that looks takes the sessions over. If this fails, they expire.
        _ = try? await store.renewLeases(of: held, owner: owner, duration: .zero)
    }

    private func arm(_ onLost: @escaping @Sendable (String) async -> Void, _ onOrphan: @escaping @Sendable (String) async -> Bool) {
        let timer = clock.schedule(at: clock.now + renewalMs) { [weak self] in
            guard let self else { return }
            Task {
                await self.renew(onLost)
                await self.adoptOrphans(onOrphan)
                self.arm(onLost, onOrphan)
            }
        }
        let isStopped = state.withLockedValue { state in
            state.timer = timer
            return state.isStopped
        }
        if isStopped { timer.cancel() }
    }

    /// - Returns: the sessions that other servers run.
    private func renew(_ sessionIDs: [String]) async throws -> Set<String> {
        let end = clock.now + durationMs
        let leases = try await store.renewLeases(of: sessionIDs, owner: owner, duration: duration)
        let lost = Set(sessionIDs).subtracting(leases.keys)
        state.withLockedValue { state in
            for id in leases.keys where state.held[id] != nil { state.held[id] = end }
            for id in lost where state.held.removeValue(forKey: id) != nil { state.lost += 1 }
        }
        for id in lost { logger.notice("another server runs a session now", metadata: ["session": "\(id)"]) }
        return lost
    }

    private func renew(_ onLost: @Sendable (String) async -> Void) async {
        let held = state.withLockedValue { Array($0.held.keys) }
        guard !held.isEmpty else { return }
        do {
            for id in try await renew(held) { await onLost(id) }
        } catch {
            // Writes before the next attempt are refused if the lease has been lost.
            logger.warning("leases could not be renewed", metadata: ["error.type": "\(type(of: error))"])
        }
    }

    private func adoptOrphans(_ onOrphan: @Sendable (String) async -> Bool) async {
        guard let orphans = try? await store.ownerlessSessions(limit: Self.maximumOrphans, abandonedRemainder: abandonedRemainder) else {
            return
        }
        let now = clock.now
        let hopeful = state.withLockedValue { state in
            state.hopeless = state.hopeless.filter { $0.value > now }
            return state.isStopped ? [] : orphans.filter { state.held[$0] == nil && state.hopeless[$0] == nil }
        }
        for id in hopeful {
            let isTakenUp = await onOrphan(id)
            state.withLockedValue { state in
                if isTakenUp { state.takenUp += 1 } else { state.hopeless[id] = now + Self.retryMs }
            }
        }
    }
}
