import Classroom
import GRDB
import GRDBSQLite

/// Rows of `chat_messages`.
enum ChatRows {
    private static let insertion = """
        insert into chat_messages (room_id, sequence, id, user_id, username, content, type, sent_at, client_id)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """

    /// Stores the message as the next one of its room and returns it with its sequence. If the client had sent it before, the stored
    /// message is returned.
    static func insert(_ message: ChatMessage, in db: Database, sequences: inout ChatSequences) throws -> ChatMessage {
        if let first = try sentBefore(message, in: db) { return first }
        var stored = message
        stored.sequence = try insertNext(message, in: db, sequences: &sequences)
        return stored
    }

    private static func sentBefore(_ message: ChatMessage, in db: Database) throws -> ChatMessage? {
        guard let clientID = message.clientID else { return nil }
        let statement = try db.cachedStatement(
            sql: "select * from chat_messages where room_id = ? and user_id = ? and client_id = ? order by sequence limit 1")
        return try Row.fetchOne(statement, arguments: [message.roomID, message.userID, clientID]).map(self.message)
    }

    private static func insertNext(_ message: ChatMessage, in db: Database, sequences: inout ChatSequences) throws -> Int {
        let room = message.roomID
        let statement = try HotStatement(insertion, in: db)
        statement.bind(1, room)
        statement.bind(3, message.id)
        statement.bind(4, message.userID)
        statement.bind(5, message.username)
        statement.bind(6, message.content)
        statement.bind(7, message.type)
        statement.bind(8, message.sentAt)
        statement.bind(9, message.clientID)
        // The second attempt is for a room to which another process has written: it takes the next sequence from the database.
        for attempt in 1...2 {
            // A row that somebody wrote by hand may have the largest number there is.
            let (sequence, isTooLarge) = try (sequences.last(in: room) ?? last(in: room, db)).addingReportingOverflow(1)
            guard !isTooLarge else { throw ClassroomError.storeFailed }
            statement.bind(2, sequence)
            let code = statement.run()
            if code == SQLITE_DONE {
                sequences.use(sequence, in: room)
                return sequence
            }
            sequences.forget(room)
            guard attempt == 1, code & 0xFF == SQLITE_CONSTRAINT else { throw SQLiteFailure.statementError(code, in: db) }
        }
        throw ClassroomError.storeFailed
    }

    static func recent(roomID: String, limit: Int, in db: Database) throws -> [ChatMessage] {
        let statement = try db.cachedStatement(
            sql: "select * from chat_messages where room_id = ? order by sequence desc limit ?")
        return try Row.fetchAll(statement, arguments: [roomID, max(0, limit)]).reversed().map(message)
    }

    private static func last(in room: String, _ db: Database) throws -> Int {
        let statement = try db.cachedStatement(sql: "select max(sequence) from chat_messages where room_id = ?")
        return try Int.fetchOne(statement, arguments: [room]) ?? 0
    }

    private static func message(_ row: Row) -> ChatMessage {
        ChatMessage(
            id: row.text("id") ?? "", roomID: row.text("room_id") ?? "", userID: row.text("user_id") ?? "",
            username: row.text("username") ?? "", content: row.text("content") ?? "", type: row.text("type") ?? "text",
            sentAt: row.integer("sent_at") ?? 0, sequence: row.integer("sequence").map { Int($0) } ?? 0, clientID: row.text("client_id"))
    }
}
