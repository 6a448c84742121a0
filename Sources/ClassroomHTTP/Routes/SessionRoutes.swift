import Classroom
import ClassroomLive
import ClassroomStore
import HTTPTypes
import Hummingbird
import NIOCore
import SocketIOServer

/// `/api/v1/sessions`: the user's sessions and their reports.
struct SessionRoutes {
    let store: any ClassroomStore
    let authentication: any AuthenticationService
    let runtime: ClassroomRuntime
    let reports: ReportQueue
    let work: HeavyWork

    func add(to group: RouterGroup<ClassroomRequestContext>) {
        group.get("sessions") { request, context in try await list(request, context) }
        group.get("sessions/:id/leaderboard") { _, context in try await leaderboard(context) }
        group.get("sessions/:id/report") { request, context in
            let wantsCSV = request.headers[values: .accept].contains(where: Self.namesCSV)
            return try await report(context, asCSV: wantsCSV)
        }
        group.get("sessions/:id/report.csv") { _, context in try await report(context, asCSV: true) }
    }

    /// Whether an Accept field names CSV as a media type, in whatever case. Byte by byte: see ``BearerTokenMiddleware/token(in:)``.
    private static func namesCSV(_ accept: String) -> Bool {
        accept.utf8.split(separator: UInt8(ascii: ",")).contains { range in
            let type = range.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            return ASCIIText.equals(type, "text/csv")
        }
    }

    /// One's own sessions, the newest first; for those who manage quizzes also those whose rows name no owner.
    private func list(_ request: Request, _ context: ClassroomRequestContext) async throws -> Response {
        let user = try context.signedIn()
        let page = try ListPage(request)
        var statuses: Set<SessionStatus>?
        if let status = request.uri.queryParameters["status"] {
            // A long text is not compared: see ``ExactText``.
            guard status.utf8.count <= 16, let known = SessionStatus(rawValue: String(status)) else {
                throw ClassroomError(.invalid, "status: must be one of waiting, active, ended")
            }
            statuses = [known]
        }
        let owners = authentication.hasPermission(user, .manageQuizzes) ? [user.id, ""] : [user.id]
        let found = try await store.sessionSummaries(statuses: statuses, owners: owners, limit: page.limit, offset: page.offset)
        let next = page.next(after: found)
        let sessions = page.shown(found)
        let titles = try await store.sessionTitles(sessions.map(\.id))
        return .json(SessionListDocument(sessions: sessions.map { SessionDocument($0, title: titles[$0.id]) }, next: next))
    }

    /// The whole board, for players and the host; the event has its first entries only. The running session has it, so that
    /// nothing is told before its time and nothing is added up again.
    private func leaderboard(_ context: ClassroomRequestContext) async throws -> Response {
        .bytes(
            try await runtime.leaderboardDocument(sessionID: context.identifier("id"), for: context.signedIn()), type: Response.jsonType)
    }

    private func report(_ context: ClassroomRequestContext, asCSV: Bool) async throws -> Response {
        let user = try context.signedIn()
        let id = try context.identifier("id")
        // Nothing else is read for somebody who may not have the report.
        guard let access = try await store.sessionAccess(to: id, for: user.id) else { throw ClassroomError.sessionNotFound }
        guard access.isHosted(by: user.id, managesQuizzes: authentication.hasPermission(user, .manageQuizzes)) else {
            throw ClassroomError(.forbidden, "The session belongs to somebody else")
        }
        let place = try reports.place(for: user.id)
        guard let session = try await store.session(id: id), session.createdBy == access.createdBy else {
            throw ClassroomError.sessionNotFound
        }
        let report = try await reports.make { try await makeReport(session, for: user) }
        guard asCSV else { return .holding(place, ReportDocument(report), type: Response.jsonType, work: work) }
        var response = Response.holding(place, ReportSheet(report), type: "text/csv; charset=utf-8", work: work)
        response.headers[.contentDisposition] = ReportFileName(title: report.title, sessionID: session.id).contentDisposition
        return response
    }

    private func makeReport(_ session: SessionRecord, for user: User) async throws -> SessionReport {
        var quiz = try await store.playedQuiz(sessionID: session.id)
        if quiz == nil {
            // The id may belong to another instructor's quiz by now: its answers are not shown here.
            quiz = try await store.quiz(id: session.quizID).flatMap { quiz in
                quiz.mayBeHosted(by: user.id) || quiz.createdBy == session.createdBy ? quiz : nil
            }
        }
        let played = quiz
        let participants = try await store.participants(sessionID: session.id)
        let answers = try await store.answers(sessionID: session.id)
        return try await work.perform(bytes: 256 * (participants.count + answers.count)) {
            SessionReport(session: session, quiz: played, participants: participants, answers: answers)
        }
    }
}
