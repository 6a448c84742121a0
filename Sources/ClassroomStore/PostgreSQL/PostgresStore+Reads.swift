public import Classroom

extension PostgresStore {
    // MARK: People

    public func user(id: String) async throws -> User? {
        try await read { try $0.rows("select \(User.columns) from users u where u.id = $1", [id]).firstRow.map(User.init) }
    }

    public func user(username: String) async throws -> User? {
        try await read { reading in
            let sql = "select \(User.columns) from users u where u.username = $1 order by u.id collate \"C\" limit 1"
            return try reading.rows(sql, [username]).firstRow.map(User.init)
        }
    }

    public func countUsers() async throws -> Int {
        try await read { try $0.rows("select count(*) as number from users").firstRow?.int("number") ?? 0 }
    }

    public func user(forTokenHash hash: String, now: UnixMilliseconds) async throws -> User? {
        try await read { reading in
            let sql = """
                select \(User.columns) from users u join tokens t on t.user_id = u.id
                    where t.hash = $1 and (t.expires_at is null or t.expires_at > $2::bigint)
                """
            return try reading.rows(sql, [hash, now]).firstRow.map(User.init)
        }
    }

    public func validTokens(among hashes: [String], now: UnixMilliseconds) async throws -> Set<String> {
        let list = JSONText.text(hashes)
        return try await read { reading in
            let sql = """
                select t.hash from tokens t join users u on u.id = t.user_id
                    where t.hash in (select json_array_elements_text($1::json)) and (t.expires_at is null or t.expires_at > $2::bigint)
                """
            return Set(try reading.rows(sql, [list, now]).rows.compactMap { $0.text("hash") })
        }
    }

    // MARK: Quizzes

    public func quiz(id: String) async throws -> Quiz? {
        try await read { try $0.rows("select \(Quiz.columns) from quizzes q where q.id = $1", [id]).firstRow.map(Quiz.init) }
    }

    public func quizOwner(id: String) async throws -> String? {
        try await read { reading in
            try reading.rows("select created_by from quizzes where id = $1", [id]).firstRow.map { $0.text("created_by") ?? "" }
        }
    }

    public func quizMemoryBytes(id: String) async throws -> Int? {
        try await read { reading in
            try reading.rows("select memory_bytes from quizzes where id = $1", [id]).firstRow?.int("memory_bytes").map { max(0, $0) }
        }
    }

    public func quizzes(createdBy: String?) async throws -> [Quiz] {
        try await read { try $0.rows(Self.quizzes(Quiz.columns, of: createdBy), createdBy.map { [$0] } ?? []).rows.map(Quiz.init) }
    }

    public func quizSummaries(createdBy: String?) async throws -> [QuizSummary] {
        try await read { reading in
            try reading.rows(Self.quizzes(QuizSummary.columns, of: createdBy), createdBy.map { [$0] } ?? []).rows.map(QuizSummary.init)
        }
    }

    public func quizSummaries(owners: [String], limit: Int, offset: Int) async throws -> [QuizSummary] {
        try await read { reading in
            let sql = """
                select \(QuizSummary.columns) from json_array_elements_text($1::json) with ordinality o (owner, position)
                    join quizzes q on coalesce(q.created_by, '') = o.owner
                    order by o.position, q.title collate "C", q.id collate "C" limit $2::bigint offset $3::bigint
                """
            return try reading.rows(sql, [JSONText.text(owners), max(0, limit), max(0, offset)]).rows.map(QuizSummary.init)
        }
    }

    private static func quizzes(_ columns: String, of owner: String?) -> String {
        """
        select \(columns) from quizzes q \(owner == nil ? "" : "where coalesce(q.created_by, '') = $1")
            order by q.title collate "C", q.id collate "C"
        """
    }

    public func playedQuiz(sessionID: String) async throws -> Quiz? {
        try await read { reading in
            let sql = """
                select s.quiz_id as id, p.title, p.questions, p.created_by from quiz_sessions s
                    join played_quizzes p on p.session_id = s.id and p.session_created_at is not distinct from s.created_at
                    where s.id = $1 and s.status <> 'waiting'
                """
            return try reading.rows(sql, [sessionID]).firstRow.map(Quiz.init)
        }
    }

    public func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String] {
        try await read { reading in
            let sql = """
                select s.id, coalesce(p.title, q.title) as title from quiz_sessions s
                    left join played_quizzes p on p.session_id = s.id and p.session_created_at is not distinct from s.created_at
                        and s.status <> 'waiting'
                    left join quizzes q on q.id = s.quiz_id and \(PostgresSchema.isOwn(owner: "q.created_by"))
                    where s.id in (select json_array_elements_text($1::json))
                """
            var titles: [String: String] = [:]
            for row in try reading.rows(sql, [JSONText.text(sessionIDs)]).rows {
                if let id = row.text("id"), let title = row.text("title") { titles[id] = title }
            }
            return titles
        }
    }

    // MARK: Sessions

    public func session(id: String) async throws -> SessionRecord? {
        try await read { [defaultSettings] reading in
            try reading.rows("select \(SessionRecord.columns) from quiz_sessions where id = $1", [id]).firstRow
                .map { SessionRecord($0, defaults: defaultSettings) }
        }
    }

    public func sessionCreation(id: String) async throws -> UnixMilliseconds? {
        try await read { reading in
            try reading.rows("select created_at from quiz_sessions where id = $1", [id]).firstRow.map { $0.exact("created_at") ?? 0 }
        }
    }

    public func sessionAccess(to sessionID: String, for userID: String) async throws -> SessionAccess? {
        try await read { reading in
            let sql = """
                select s.status, s.created_by, p.user_id is not null as has_joined, p.kicked from quiz_sessions s
                    left join quiz_participants p on p.session_id = s.id and p.user_id = $2 where s.id = $1
                """
            return try reading.rows(sql, [sessionID, userID]).firstRow.map { row in
                SessionAccess(
                    status: row.text("status").flatMap(SessionStatus.init) ?? .waiting, createdBy: row.text("created_by") ?? "",
                    hasJoined: row.flag("has_joined"), isKicked: row.flag("kicked"))
            }
        }
    }

    public func hasSession(ofQuiz quizID: String, statuses: Set<SessionStatus>) async throws -> Bool {
        try await read { reading in
            let sql = "select exists (select from quiz_sessions where quiz_id = $1 and \(Self.condition(statuses))) as found"
            return try reading.rows(sql, [quizID]).firstRow?.flag("found") ?? false
        }
    }

    public func session(joinCode: String) async throws -> SessionIncarnation? {
        try await read { reading in
            let sql = "select id, created_at from quiz_sessions where join_code = $1 and status <> 'ended'"
            return try reading.rows(sql, [joinCode]).firstRow.map { row in
                SessionIncarnation(id: row.text("id") ?? "", createdAt: row.exact("created_at") ?? 0)
            }
        }
    }

    public func sessions(statuses: Set<SessionStatus>?, createdBy: String?, limit: Int) async throws -> [SessionRecord] {
        var conditions = statuses.map { [Self.condition($0)] } ?? []
        if createdBy != nil { conditions.append("coalesce(created_by, '') = $2") }
        let selection = conditions.isEmpty ? "" : "where " + conditions.joined(separator: " and ")
        let sql = """
            select \(SessionRecord.columns) from quiz_sessions \(selection)
                order by created_at desc, id collate "C" limit $1::bigint
            """
        let parameters: [(any PostgresParameter & Sendable)?] = [max(0, limit)] + (createdBy.map { [$0] } ?? [])
        return try await read { [defaultSettings] reading in
            try reading.rows(sql, parameters).rows.map { SessionRecord($0, defaults: defaultSettings) }
        }
    }

    public func sessionSummaries(
        statuses: Set<SessionStatus>?, owners: [String], limit: Int, offset: Int
    ) async throws -> [SessionSummary] {
        guard !owners.isEmpty else { return [] }
        let states = statuses.map { "and \(Self.condition($0))" } ?? ""
        let places = owners.indices.map { "$\($0 + 3)" }.joined(separator: ", ")
        // The page is found first, by ids. Settings are read of its rows only.
        let sql = """
            select \(SessionSummary.columns) from (
                    select id from quiz_sessions where coalesce(created_by, '') in (\(places)) \(states)
                        order by created_at desc, id collate "C" limit $1::bigint offset $2::bigint) p
                join quiz_sessions s on s.id = p.id
                order by s.created_at desc, s.id collate "C"
            """
        let bounds: [(any PostgresParameter & Sendable)?] = [max(0, limit), max(0, offset)]
        let parameters = bounds + owners.map { $0 as (any PostgresParameter & Sendable)? }
        return try await read { [defaultSettings] reading in
            try reading.rows(sql, parameters).rows.map { SessionSummary($0, defaults: defaultSettings) }
        }
    }

    /// SQL that is true for rows with one of the states. An unknown state counts as waiting.
    private static func condition(_ statuses: Set<SessionStatus>) -> String {
        var alternatives: [String] = []
        if statuses.contains(.active) { alternatives.append("status = 'active'") }
        if statuses.contains(.waiting) { alternatives.append("status is null or status not in ('active', 'ended')") }
        let live = alternatives.isEmpty ? nil : "(status is distinct from 'ended' and (\(alternatives.joined(separator: " or "))))"
        let ended = statuses.contains(.ended) ? "status = 'ended'" : nil
        let all = [live, ended].compactMap { $0 }
        return all.isEmpty ? "false" : "(" + all.joined(separator: " or ") + ")"
    }

    public func countSessions() async throws -> [SessionStatus: Int] {
        try await read { reading in
            let sql = "select status, count(*) as number from quiz_sessions where status is distinct from 'ended' group by status"
            var counts: [SessionStatus: Int] = [:]
            for row in try reading.rows(sql).rows {
                counts[row.text("status").flatMap(SessionStatus.init) ?? .waiting, default: 0] += row.int("number") ?? 0
            }
            return counts
        }
    }

    public func ownerlessSessions(limit: Int, abandonedRemainder: Duration) async throws -> [String] {
        try await read { reading in
            let sql = """
                select id from quiz_sessions where status = 'active' and status is distinct from 'ended'
                    and (lease_owner is null or lease_expires_at between 1 and \(PostgresSchema.now)
                        or lease_expires_at > 0 and \(PostgresStatements.isAbandoned(remainder: "$2")))
                    order by id collate "C" limit $1::bigint
                """
            return try reading.rows(sql, [max(0, limit), abandonedRemainder.inMilliseconds]).rows.compactMap { $0.text("id") }
        }
    }

    public func participants(sessionID: String) async throws -> [ParticipantRecord] {
        try await read { reading in
            let sql = """
                select session_id, user_id, username, joined_at, kicked, has_left, question_sent_at, device from quiz_participants
                    where session_id = $1 order by joined_at, user_id collate "C"
                """
            return try reading.rows(sql, [sessionID]).rows.map(ParticipantRecord.init)
        }
    }

    // MARK: Answers and messages

    public func answers(sessionID: String) async throws -> [AnswerRecord] {
        try await read { reading in
            let sql = """
                select \(PostgresStatements.answerColumns) from quiz_answers a where a.session_id = $1
                    order by a.answered_at, a.question_id collate "C", a.user_id collate "C"
                """
            return try reading.rows(sql, [sessionID]).rows.map(AnswerRecord.init)
        }
    }

    public func recentChat(roomID: String, limit: Int) async throws -> [ChatMessage] {
        try await read { reading in
            let sql = """
                select room_id, sequence, id, user_id, username, content, type, sent_at, client_id from chat_messages
                    where room_id = $1 order by sequence desc limit $2::bigint
                """
            return try reading.rows(sql, [roomID, max(0, limit)]).rows.map(ChatMessage.init).reversed()
        }
    }
}
