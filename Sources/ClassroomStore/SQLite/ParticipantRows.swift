import Classroom
import GRDB

/// Rows of `quiz_participants`.
enum ParticipantRows {
    /// False: the session's row is gone, or another incarnation's.
    static func save(_ participant: ParticipantRecord, _ fence: SessionFence, in db: Database) throws -> Bool {
        try db.cachedStatement(
            sql: """
                insert into quiz_participants (session_id, user_id, username, joined_at, kicked, has_left, question_sent_at, device)
                    select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 where \(SessionRows.passes(id: "?1", createdAt: "?9", epoch: "?10"))
                    on conflict (session_id, user_id) do update set username = excluded.username, joined_at = excluded.joined_at,
                        kicked = excluded.kicked, has_left = excluded.has_left, question_sent_at = excluded.question_sent_at,
                        device = excluded.device
                """
        ).execute(arguments: [
            participant.sessionID, participant.userID, participant.username, participant.joinedAt, participant.kicked ? 1 : 0,
            participant.left ? 1 : 0, participant.questionSentAt, participant.device, fence.createdAt, fence.epoch,
        ])
        return try db.changesCount > 0 || SessionRows.passes(fence, participant.sessionID, in: db)
    }

    /// False: the session's row is gone, or another incarnation's.
    static func delete(_ participant: ParticipantRecord, _ fence: SessionFence, in db: Database) throws -> Bool {
        guard try SessionRows.passes(fence, participant.sessionID, in: db) else { return false }
        try db.cachedStatement(sql: "delete from quiz_participants where session_id = ? and user_id = ?")
            .execute(arguments: [participant.sessionID, participant.userID])
        return true
    }

    static func all(sessionID: String, in db: Database) throws -> [ParticipantRecord] {
        let statement = try db.cachedStatement(
            sql: "select * from quiz_participants where session_id = ? order by joined_at, user_id")
        return try Row.fetchAll(statement, arguments: [sessionID]).map(participant)
    }

    private static func participant(_ row: Row) -> ParticipantRecord {
        ParticipantRecord(
            sessionID: row.text("session_id") ?? "", userID: row.text("user_id") ?? "", username: row.text("username") ?? "",
            joinedAt: row.integer("joined_at") ?? 0, kicked: row.flag("kicked"), left: row.flag("has_left"),
            questionSentAt: row.integer("question_sent_at"), device: row.text("device"))
    }
}
