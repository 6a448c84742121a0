import Classroom

/// A session in a list. Times are in milliseconds since 1970.
struct SessionDocument: Encodable {
    var sessionId: String
    var quizId: String
    var title: String?
    var status: SessionStatus
    var pace: SessionSettings.Pace
    var joinCode: String?
    var createdAt: UnixMilliseconds
    var startedAt: UnixMilliseconds?
    var endedAt: UnixMilliseconds?

    init(_ session: SessionSummary, title: String?) {
        sessionId = session.id
        quizId = session.quizID
        self.title = title
        status = session.status
        pace = session.pace
        joinCode = session.status == .ended ? nil : session.joinCode
        createdAt = session.createdAt
        startedAt = session.startedAt
        endedAt = session.endedAt
    }
}

/// A part of the sessions.
struct SessionListDocument: Encodable {
    var sessions: [SessionDocument]
    var next: Int?
}
