import Classroom
import ClassroomLive
import ClassroomStore
import HTTPTypes
import Hummingbird
import NIOCore

/// `/api/v1/quizzes`: the library.
struct QuizRoutes {
    let store: any ClassroomStore
    let authentication: any AuthenticationService
    let limits: QuizLimits
    let maximumBodyBytes: Int
    let places: Places
    let work: HeavyWork

    func add(to group: RouterGroup<ClassroomRequestContext>) {
        group.get("quizzes") { request, context in try await list(request, context) }
        group.post("quizzes") { request, context in try await create(request, context) }
        group.post("quizzes/import") { request, context in try await importFile(request, context) }
        group.get("quizzes/:id") { _, context in try await read(context) }
        group.put("quizzes/:id") { request, context in try await replace(request, context) }
        group.delete("quizzes/:id") { _, context in try await delete(context) }
    }

    /// One's own quizzes, then the shared ones.
    private func list(_ request: Request, _ context: ClassroomRequestContext) async throws -> Response {
        let user = try context.signedIn()
        let page = try ListPage(request)
        var owners = [user.id]
        if authentication.hasPermission(user, .createQuizzes) {
            for owner in [Quiz.sharedOwner, ""] where owner != user.id { owners.append(owner) }
        }
        let quizzes = try await store.quizSummaries(owners: owners, limit: page.limit, offset: page.offset)
        return .json(QuizListDocument(quizzes: page.shown(quizzes), next: page.next(after: quizzes)))
    }

    private func create(_ request: Request, _ context: ClassroomRequestContext) async throws -> Response {
        let user = try creator(context)
        let place = try places.take(for: user.id)
        defer { withExtendedLifetime(place) {} }
        let (quiz, document) = try await read(request) { draft throws(ClassroomError) in
            let id = draft.id ?? QuizImport.newQuizID()
            // `import` is a path of its own.
            guard Identifier.isValid(id), id != "import" else {
                throw ClassroomError(.invalid, "id: must match [A-Za-z0-9_-]{1,64} and not be 'import'")
            }
            return try draft.checked(id: id, owner: user.id, limits: limits)
        }
        try await store.create(quiz)
        return created(quiz.quiz.id, .bytes(document, type: Response.jsonType, status: .created))
    }

    private func importFile(_ request: Request, _ context: ClassroomRequestContext) async throws -> Response {
        let user = try creator(context)
        let query = request.uri.queryParameters
        // A long text is not compared: see ``ExactText``.
        guard let text = query["format"], text.utf8.count <= 16, let format = QuizImport.Format(rawValue: String(text)) else {
            let known = QuizImport.Format.allCases.map(\.rawValue).joined(separator: ", ")
            throw ClassroomError(.invalid, "format: must be one of \(known)")
        }
        guard let title = query["title"] else { throw ClassroomError(.invalid, "title: is missing") }
        let place = try places.take(for: user.id)
        defer { withExtendedLifetime(place) {} }
        let body = try await request.body.collected(upTo: maximumBodyBytes)
        let imported = try await work.perform(bytes: body.readableBytes) { () -> Result<(QuizImport, WrittenQuiz), QuizImport.Refusal> in
            Result { () throws(QuizImport.Refusal) in
                let imported = try QuizImport(
                    body.readableBytesView, format: format, id: QuizImport.newQuizID(), title: String(title), owner: user.id,
                    limits: limits)
                return (imported, WrittenQuiz(imported.quiz))
            }
        }
        switch imported {
        case .failure(let refusal): return .json(QuizImportRefusalDocument(refusal), status: .badRequest)
        case .success((let imported, let quiz)):
            try await store.save(quiz)
            return created(imported.quiz.id, .json(QuizImportDocument(imported), status: .created))
        }
    }

    /// For users who find the quiz in their list. For anybody else it does not exist: a player could read the questions before the game.
    private func read(_ context: ClassroomRequestContext) async throws -> Response {
        let user = try context.signedIn()
        let id = try context.identifier("id")
        let owner = try await owner(of: id)
        let isShared = Quiz.isShared(owner: owner) && authentication.hasPermission(user, .createQuizzes)
        guard owner == user.id || isShared, let quiz = try await store.quiz(id: id) else { throw Self.notFound }
        return .bytes(
            try await work.perform(bytes: quiz.questions.count * 256) { QuizDocument(WrittenQuiz(quiz)).bytes }, type: Response.jsonType)
    }

    private func replace(_ request: Request, _ context: ClassroomRequestContext) async throws -> Response {
        let (user, id) = try await own(context)
        let place = try places.take(for: user.id)
        defer { withExtendedLifetime(place) {} }
        let (replacement, document) = try await read(request) { draft throws(ClassroomError) in
            try draft.checked(id: id, owner: user.id, limits: limits)
        }
        try await check(id, hasNoSession: [.active])
        guard try await store.replace(replacement) else { throw Self.notFound }
        return .bytes(document, type: Response.jsonType)
    }

    private func delete(_ context: ClassroomRequestContext) async throws -> Response {
        let (_, id) = try await own(context)
        // A waiting session reads the quiz when it starts.
        try await check(id, hasNoSession: [.active, .waiting])
        guard try await store.deleteQuiz(id: id) else { throw Self.notFound }
        return Response(status: .noContent)
    }

    private static let notFound = ClassroomError(.notFound, "Quiz not found")

    private func creator(_ context: ClassroomRequestContext) throws(ClassroomError) -> User {
        let user = try context.signedIn()
        guard authentication.hasPermission(user, .createQuizzes) else { throw ClassroomError(.forbidden, "Needs quiz:create") }
        return user
    }

    /// Whoever may not have the quiz does not make anybody read it.
    private func owner(of id: String) async throws -> String {
        guard let owner = try await store.quizOwner(id: id) else { throw Self.notFound }
        return owner
    }

    private func own(_ context: ClassroomRequestContext) async throws -> (User, quizID: String) {
        let user = try creator(context)
        let id = try context.identifier("id")
        guard try await owner(of: id) == user.id else { throw ClassroomError(.forbidden, "The quiz belongs to somebody else") }
        return (user, id)
    }

    /// A quiz does not change while it is played.
    private func check(_ quizID: String, hasNoSession statuses: Set<SessionStatus>) async throws {
        guard try await !store.hasSession(ofQuiz: quizID, statuses: statuses) else {
            throw ClassroomError(.conflict, "The quiz is being played, or waits to be; end its sessions first")
        }
    }

    /// The quiz that `check` makes of the body, and the answer that shows it.
    private func read(
        _ request: Request, check: @escaping @Sendable (QuizDraft) throws(ClassroomError) -> Quiz
    ) async throws -> (WrittenQuiz, ByteBuffer) {
        let body = try await request.body.collected(upTo: maximumBodyBytes)
        let limits = limits
        return try await work.perform(bytes: body.readableBytes) {
            let quiz = WrittenQuiz(try check(try QuizDraft(json: body, limits: limits)))
            return (quiz, QuizDocument(quiz).bytes)
        }
    }

    private func created(_ id: String, _ response: Response) -> Response {
        var response = response
        response.headers[.location] = "/api/v1/quizzes/\(id)"
        return response
    }
}

/// A part of the library.
struct QuizListDocument: Encodable {
    var quizzes: [QuizSummary]
    var next: Int?
}
