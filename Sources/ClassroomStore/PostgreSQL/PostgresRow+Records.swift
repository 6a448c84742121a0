import Classroom

extension User {
    static let columns = "u.id, u.username, u.email, u.role, u.permissions"

    init(_ row: PostgresRow) {
        let id = row.text("id") ?? ""
        self.init(
            id: id, username: row.text("username") ?? id, email: row.text("email"),
            role: row.text("role").flatMap(Role.init) ?? .student, permissions: PermissionsText.permissions(row.text("permissions")))
    }
}

extension Quiz {
    static let columns = "q.id, q.title, q.questions, q.created_by"

    init(_ row: PostgresRow) {
        self.init(
            id: row.text("id") ?? "", title: row.text("title") ?? "", questions: QuestionsText.questions(row.text("questions")),
            createdBy: row.text("created_by") ?? "")
    }
}

extension QuizSummary {
    static let columns = "q.id, q.title, q.created_by, q.question_count"

    init(_ row: PostgresRow) {
        self.init(
            id: row.text("id") ?? "", title: row.text("title") ?? "", createdBy: row.text("created_by") ?? "",
            questionCount: row.int("question_count") ?? 0)
    }
}

extension SessionRecord {
    static let columns = """
        id, quiz_id, status, join_code, created_by, settings, phase, question_index, question_opened_at, question_deadline, created_at,
        started_at, ended_at, version, locked, epoch
        """

    init(_ row: PostgresRow, defaults: SessionSettings) {
        self.init(
            id: row.text("id") ?? "", quizID: row.text("quiz_id") ?? "",
            status: row.text("status").flatMap(SessionStatus.init) ?? .waiting, joinCode: row.text("join_code"),
            createdBy: row.text("created_by") ?? "", settings: SettingsText.settings(row.text("settings"), defaults: defaults),
            phase: row.text("phase"), questionIndex: row.int("question_index") ?? -1,
            questionOpenedAt: row.integer("question_opened_at"), questionDeadline: row.integer("question_deadline"),
            createdAt: row.exact("created_at") ?? 0, startedAt: row.integer("started_at"), endedAt: row.integer("ended_at"),
            version: SessionRecord.version(read: row.int("version")), isLocked: row.flag("locked"), epoch: row.int("epoch") ?? 0)
    }
}

extension SessionSummary {
    /// The pace is found in the text of the settings, which may be no JSON. Nothing else in them has this name and a text as its value.
    static let columns = """
        s.id, s.quiz_id, s.status, s.join_code, s.created_by, s.created_at, s.started_at, s.ended_at,
        substring(s.settings from '"pace"[[:space:]]*:[[:space:]]*"([A-Za-z]+)"') as pace
        """

    init(_ row: PostgresRow, defaults: SessionSettings) {
        self.init(
            id: row.text("id") ?? "", quizID: row.text("quiz_id") ?? "",
            status: row.text("status").flatMap(SessionStatus.init) ?? .waiting,
            pace: row.text("pace").flatMap(SessionSettings.Pace.init) ?? defaults.pace, joinCode: row.text("join_code"),
            createdBy: row.text("created_by") ?? "", createdAt: row.exact("created_at") ?? 0, startedAt: row.integer("started_at"),
            endedAt: row.integer("ended_at"))
    }
}

extension ParticipantRecord {
    init(_ row: PostgresRow) {
        self.init(
            sessionID: row.text("session_id") ?? "", userID: row.text("user_id") ?? "", username: row.text("username") ?? "",
            joinedAt: row.integer("joined_at") ?? 0, kicked: row.flag("kicked"), left: row.flag("has_left"),
            questionSentAt: row.integer("question_sent_at"), device: row.text("device"))
    }
}

extension AnswerRecord {
    init(_ row: PostgresRow) {
        self.init(
            sessionID: row.text("session_id") ?? "", questionID: row.text("question_id") ?? "", userID: row.text("user_id") ?? "",
            answer: AnswerText.answer(row.text("answer") ?? ""), correct: row.flag("correct"), score: row.int("score") ?? 0,
            timeBonus: row.int("time_bonus") ?? 0, elapsedMs: row.int("elapsed_ms") ?? 0, timeSpent: row.real("time_spent"),
            answeredAt: row.integer("answered_at") ?? 0)
    }
}

extension ChatMessage {
    init(_ row: PostgresRow) {
        self.init(
            id: row.text("id") ?? "", roomID: row.text("room_id") ?? "", userID: row.text("user_id") ?? "",
            username: row.text("username") ?? "", content: row.text("content") ?? "", type: row.text("type") ?? "text",
            sentAt: row.integer("sent_at") ?? 0, sequence: row.integer("sequence").map { Int($0) } ?? 0, clientID: row.text("client_id"))
    }
}
