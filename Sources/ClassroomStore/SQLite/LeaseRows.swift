import Classroom
import GRDB

/// The lease columns of `quiz_sessions`. `lease_owner` stays when a lease ends: the same owner may come back without a new epoch.
enum LeaseRows {
    static func acquire(_ request: StoreWrite.LeaseRequest, now: UnixMilliseconds, in db: Database) throws -> LeaseOutcome {
        let fence = SessionFence(createdAt: request.createdAt)
        guard try SessionRows.passes(fence, request.sessionID, in: db) else { return .sessionVanished }
        try db.cachedStatement(
            sql: """
                update quiz_sessions set lease_owner = ?1, lease_expires_at = ?2,
                    epoch = coalesce(epoch, 0) + (lease_owner is not ?1)
                    where id = ?3 and (?4 or lease_owner is null or lease_owner = ?1 or coalesce(lease_expires_at, 0) <= ?5)
                """
        ).execute(arguments: [request.owner, now + request.duration.inMilliseconds, request.sessionID, request.takesOver, now])
        let isGranted = db.changesCount > 0
        guard let lease = try all([request.sessionID], in: db)[request.sessionID] else { return .sessionVanished }
        return isGranted ? .granted(lease) : .held(lease)
    }

    static func renew(_ ids: [String], owner: String, until expiry: UnixMilliseconds, in db: Database) throws -> [String: SessionLease] {
        let list = JSONText.text(ids)
        try db.cachedStatement(
            sql: "update quiz_sessions set lease_expires_at = ?1 where lease_owner = ?2 and id in (select value from json_each(?3))"
        ).execute(arguments: [expiry, owner, list])
        return try all(ids, in: db).filter { $0.value.owner == owner }
    }

    static func release(_ ids: [String], owner: String, in db: Database) throws {
        try db.cachedStatement(
            sql: "update quiz_sessions set lease_expires_at = 0 where lease_owner = ?1 and id in (select value from json_each(?2))"
        ).execute(arguments: [owner, JSONText.text(ids)])
    }

    /// Ids of active sessions without an owner.
    static func ownerless(limit: Int, now: UnixMilliseconds, in db: Database) throws -> [String] {
        let statement = try db.cachedStatement(
            sql: """
                select id from quiz_sessions
                    where status = 'active' and status is not 'ended' and (lease_owner is null or lease_expires_at between 1 and ?)
                    order by id limit ?
                """)
        return try String.fetchAll(statement, arguments: [now, max(0, limit)])
    }

    private static func all(_ ids: [String], in db: Database) throws -> [String: SessionLease] {
        let statement = try db.cachedStatement(
            sql: """
                select id, lease_owner, epoch, lease_expires_at from quiz_sessions
                    where lease_owner is not null and id in (select value from json_each(?))
                """)
        var leases: [String: SessionLease] = [:]
        for row in try Row.fetchAll(statement, arguments: [JSONText.text(ids)]) {
            guard let id = row.text("id"), let owner = row.text("lease_owner") else { continue }
            leases[id] = SessionLease(owner: owner, epoch: row.int("epoch") ?? 0, expiresAt: row.integer("lease_expires_at") ?? 0)
        }
        return leases
    }
}
