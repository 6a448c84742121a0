import Classroom
import GRDB
import GRDBSQLite

/// Rows of `quiz_sessions`.
enum SessionRows {
    static func insert(_ session: SessionRecord, in db: Database) throws {
        let existing = try db.cachedStatement(sql: "select 1 from quiz_sessions where id = ?")
        guard try Row.fetchOne(existing, arguments: [session.id]) == nil else { throw ClassroomError.sessionExists }
        // Rows that an earlier session of this id left behind, if it was replaced or deleted without foreign keys and triggers.
        try db.cachedStatement(sql: "delete from quiz_answers where session_id = ?").execute(arguments: [session.id])
        try db.cachedStatement(sql: "delete from quiz_participants where session_id = ?").execute(arguments: [session.id])
        try db.cachedStatement(sql: "delete from played_quizzes where session_id = ?").execute(arguments: [session.id])
        try refusingJoinCodesInUse {
            try db.cachedStatement(
                sql: """
                    insert into quiz_sessions (quiz_id, status, join_code, created_by, settings, phase, question_index,
                        question_opened_at, question_deadline, started_at, ended_at, version, locked, id, created_at)
                        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: arguments(session))
        }
    }

    /// Returns false if there is no row of this id, or one of another incarnation. A row with an unreadable time of creation matches any.
    /// The lease stays as it is.
    static func update(_ session: SessionRecord, keepsSettings: Bool, in db: Database) throws -> Bool {
        try refusingJoinCodesInUse {
            try db.cachedStatement(
                sql: """
                    update quiz_sessions set quiz_id = ?, status = ?, join_code = ?, created_by = ?,
                        settings = coalesce(?, settings), phase = ?, question_index = ?, question_opened_at = ?,
                        question_deadline = ?, started_at = ?, ended_at = ?, version = ?, locked = ?
                        where id = ? and (created_at = ? or typeof(created_at) <> 'integer') and coalesce(epoch, 0) <= ?
                    """
            ).execute(arguments: arguments(session, keepsSettings: keepsSettings) + [session.epoch])
        }
        return try db.changesCount > 0 || passes(SessionFence(session), session.id, in: db)
    }

    static func delete(_ id: String, in db: Database) throws -> Bool {
        try db.cachedStatement(sql: "delete from quiz_sessions where id = ?").execute(arguments: [id])
        return db.changesCount > 0
    }

    /// SQL that is true if the session exists, has no higher epoch, and is the given incarnation. The incarnation is not compared if none
    /// is given or if the row's is unreadable.
    static func passes(id: String, createdAt: String, epoch: String) -> String {
        """
        exists (select 1 from quiz_sessions where id = \(id)
            and (\(createdAt) is null or created_at = \(createdAt) or typeof(created_at) <> 'integer')
            and (\(epoch) is null or coalesce(epoch, 0) <= \(epoch)))
        """
    }

    /// Returns false if there is no row of this id, or one of another incarnation.
    /// - Throws: `ClassroomError.staleEpoch` if another server has become the owner.
    static func passes(_ fence: SessionFence, _ id: String, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                select coalesce(epoch, 0) as epoch from quiz_sessions
                    where id = ?1 and (?2 is null or created_at = ?2 or typeof(created_at) <> 'integer')
                """)
        guard let row = try Row.fetchOne(statement, arguments: [id, fence.createdAt]) else { return false }
        if let epoch = fence.epoch, (row.int("epoch") ?? 0) > epoch { throw ClassroomError.staleEpoch }
        return true
    }

    static func one(_ id: String, defaults: SessionSettings, in db: Database) throws -> SessionRecord? {
        let statement = try db.cachedStatement(sql: "select * from quiz_sessions where id = ?")
        return try Row.fetchOne(statement, arguments: [id]).map { session($0, defaults: defaults) }
    }

    /// The session that has not ended and has this join code.
    static func incarnation(joinCode: String, in db: Database) throws -> SessionIncarnation? {
        let statement = try db.cachedStatement(sql: "select id, created_at from quiz_sessions where join_code = ? and status <> 'ended'")
        return try Row.fetchOne(statement, arguments: [joinCode]).map { row in
            SessionIncarnation(id: row.text("id") ?? "", createdAt: creation(row))
        }
    }

    static func list(
        statuses: Set<SessionStatus>?, createdBy: String?, limit: Int, defaults: SessionSettings, in db: Database
    ) throws -> [SessionRecord] {
        // Both conditions use indexes (live sessions, one owner), so that ended sessions are not read.
        var conditions: [String] = []
        if createdBy != nil { conditions.append("coalesce(created_by, '') = ?") }
        if let statuses { conditions.append(condition(statuses)) }
        let selection = conditions.isEmpty ? "" : " where " + conditions.joined(separator: " and ")
        let statement = try db.cachedStatement(sql: "select * from quiz_sessions\(selection) order by created_at desc, id limit ?")
        var arguments: StatementArguments = []
        if let createdBy { arguments += [createdBy] }
        arguments += [limit == .max ? -1 : limit]
        return try Row.fetchAll(statement, arguments: arguments).map { session($0, defaults: defaults) }
    }

    static func summaries(
        statuses: Set<SessionStatus>?, owners: [String], limit: Int, offset: Int, defaults: SessionSettings, in db: Database
    ) throws -> [SessionSummary] {
        let statement = try db.cachedStatement(sql: summaries(statuses: statuses, owners: owners.count))
        var arguments: StatementArguments = []
        for owner in owners { arguments += [owner] }
        arguments += [max(0, limit), max(0, offset)]
        return try Row.fetchAll(statement, arguments: arguments).map { summary($0, defaults: defaults) }
    }

    /// The page is found first, by ids: each owner's in the order of their index, merged. Settings are read of its rows only.
    static func summaries(statuses: Set<SessionStatus>?, owners: Int) -> String {
        let states = statuses.map { " and \(condition($0))" } ?? ""
        let ofOwner = "select id, created_at from quiz_sessions where coalesce(created_by, '') = ?\(states)"
        return """
            select s.id, s.quiz_id, s.status, s.join_code, s.created_by, s.created_at, s.started_at, s.ended_at,
                case when json_valid(s.settings) then json_extract(s.settings, '$.pace') end as pace
                from (\(Array(repeating: ofOwner, count: owners).joined(separator: " union all ")) order by created_at desc, id limit ? offset ?) p
                cross join quiz_sessions s on s.id = p.id
                order by s.created_at desc, s.id
            """
    }

    /// SQL that is true for rows with one of the states. An unknown state counts as waiting.
    private static func condition(_ statuses: Set<SessionStatus>) -> String {
        var alternatives: [String] = []
        if statuses.contains(.active) { alternatives.append("status = 'active'") }
        if statuses.contains(.waiting) { alternatives.append("status is null or status not in ('active', 'ended')") }
        let live = alternatives.isEmpty ? nil : "(status is not 'ended' and (\(alternatives.joined(separator: " or "))))"
        let ended = statuses.contains(.ended) ? "status = 'ended'" : nil
        let all = [live, ended].compactMap { $0 }
        return all.isEmpty ? "false" : "(" + all.joined(separator: " or ") + ")"
    }

    static func exists(ofQuiz quizID: String, statuses: Set<SessionStatus>, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "select exists (select 1 from quiz_sessions where quiz_id = ? and \(condition(statuses)))")
        return try Bool.fetchOne(statement, arguments: [quizID]) ?? false
    }

    /// As ``SessionRecord/createdAt`` has it.
    static func creation(_ id: String, in db: Database) throws -> UnixMilliseconds? {
        let statement = try db.cachedStatement(sql: "select created_at from quiz_sessions where id = ?")
        return try Row.fetchOne(statement, arguments: [id]).map { creation($0) }
    }

    /// Taken as it is: it is only compared, never added to.
    private static func creation(_ row: Row) -> UnixMilliseconds { Int64.fromDatabaseValue(row["created_at"]) ?? 0 }

    /// Reads two rows by their keys, and of the session's only what stands before its settings.
    static func sessionAccess(to id: String, for userID: String, in db: Database) throws -> SessionAccess? {
        let statement = try db.cachedStatement(
            sql: """
                select s.status, s.created_by, p.user_id is not null as has_joined, p.kicked from quiz_sessions s
                    left join quiz_participants p on p.session_id = s.id and p.user_id = ?2 where s.id = ?1
                """)
        return try Row.fetchOne(statement, arguments: [id, userID]).map { row in
            SessionAccess(
                status: row.text("status").flatMap(SessionStatus.init) ?? .waiting, createdBy: row.text("created_by") ?? "",
                hasJoined: row.flag("has_joined"), isKicked: row.flag("kicked"))
        }
    }

    static func count(in db: Database) throws -> [SessionStatus: Int] {
        let statement = try db.cachedStatement(
            sql: "select status, count(*) as number from quiz_sessions where status is not 'ended' group by status")
        var counts: [SessionStatus: Int] = [:]
        for row in try Row.fetchAll(statement) {
            counts[row.text("status").flatMap(SessionStatus.init) ?? .waiting, default: 0] += row.int("number") ?? 0
        }
        return counts
    }

    private static func refusingJoinCodesInUse(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw ClassroomError.joinCodeInUse
        }
    }

    private static func arguments(_ session: SessionRecord, keepsSettings: Bool = false) -> StatementArguments {
        let settings: String? = keepsSettings ? nil : SettingsText.text(session.settings)
        return [
            session.quizID, session.status.rawValue, session.joinCode, session.createdBy, settings, session.phase,
            session.questionIndex, session.questionOpenedAt, session.questionDeadline, session.startedAt, session.endedAt, session.version,
            session.isLocked ? 1 : 0, session.id, session.createdAt,
        ]
    }

    private static func session(_ row: Row, defaults: SessionSettings) -> SessionRecord {
        SessionRecord(
            id: row.text("id") ?? "", quizID: row.text("quiz_id") ?? "",
            status: row.text("status").flatMap(SessionStatus.init) ?? .waiting, joinCode: row.text("join_code"),
            createdBy: row.text("created_by") ?? "", settings: SettingsText.settings(row.text("settings"), defaults: defaults),
            phase: row.text("phase"), questionIndex: row.int("question_index") ?? -1,
            questionOpenedAt: row.integer("question_opened_at"), questionDeadline: row.integer("question_deadline"),
            createdAt: creation(row), startedAt: row.integer("started_at"), endedAt: row.integer("ended_at"),
            version: SessionRecord.version(read: row.int("version")), isLocked: row.flag("locked"), epoch: row.int("epoch") ?? 0)
    }

    private static func summary(_ row: Row, defaults: SessionSettings) -> SessionSummary {
        SessionSummary(
            id: row.text("id") ?? "", quizID: row.text("quiz_id") ?? "",
            status: row.text("status").flatMap(SessionStatus.init) ?? .waiting,
            pace: row.text("pace").flatMap(SessionSettings.Pace.init) ?? defaults.pace, joinCode: row.text("join_code"),
            createdBy: row.text("created_by") ?? "", createdAt: creation(row), startedAt: row.integer("started_at"),
            endedAt: row.integer("ended_at"))
    }
}
