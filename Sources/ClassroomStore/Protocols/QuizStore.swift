public import Classroom

/// The library of quizzes.
public protocol QuizStore: StoreWriting {
    /// The quiz, or nil. Questions without an id in the row have positional ones (`q1`, `q2`, …).
    func quiz(id: String) async throws -> Quiz?
    /// The owner of a quiz, empty if its row names none; nil: there is no such quiz. Costs the same however long the quiz is.
    func quizOwner(id: String) async throws -> String?
    /// What a session that plays the quiz keeps in memory, see `Quiz.memoryBytes`, if that is known without reading the questions. Nil for a
    /// quiz that another program has written last, and if there is no such quiz. Costs the same however long the quiz is.
    func quizMemoryBytes(id: String) async throws -> Int?
    /// All quizzes, or those of one owner, by title and then id.
    func quizzes(createdBy: String?) async throws -> [Quiz]
    /// The same without their questions, which may be a megabyte each.
    func quizSummaries(createdBy: String?) async throws -> [QuizSummary]
    /// A page of the same list, owner by owner in the given order: at most `limit` entries after the first `offset`.
    func quizSummaries(owners: [String], limit: Int, offset: Int) async throws -> [QuizSummary]
    /// Creates the quiz. If several callers create the same id at once, one succeeds.
    /// - Throws: `ClassroomError.quizExists` (`.conflict`).
    func create(_ quiz: Quiz) async throws
    /// Replaces the quiz of the same id and owner. Returns false if there is none.
    func replace(_ quiz: Quiz) async throws -> Bool
    /// Creates the quiz or replaces the one of the same id.
    func save(_ quiz: Quiz) async throws
    /// The same three for a quiz whose questions are JSON already.
    func create(_ quiz: WrittenQuiz) async throws
    func replace(_ quiz: WrittenQuiz) async throws -> Bool
    func save(_ quiz: WrittenQuiz) async throws
    /// Deletes a quiz. Returns whether it existed. Its sessions stay, and started ones keep their copy.
    func deleteQuiz(id: String) async throws -> Bool

    /// The quiz as a started session plays or played it, even if the library's was changed or deleted. A session that another program
    /// stored gets its copy when the quiz is first changed. Until then this is nil, and the library's quiz holds.
    func playedQuiz(sessionID: String) async throws -> Quiz?
    /// The titles of the sessions' quizzes, by session id: as played, or else as the library has them. None for a session whose quiz is gone,
    /// also if its id is another owner's by now.
    func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String]
}

extension QuizStore {
    /// The quiz of a session: its own copy, or before the start the library's quiz, unless that is somebody else's who has taken its id.
    public func quiz(of session: SessionRecord) async throws -> Quiz? {
        if let played = try await playedQuiz(sessionID: session.id) { return played }
        return try await quiz(id: session.quizID).flatMap { session.mayPlay($0) ? $0 : nil }
    }
}

extension QuizStore {
    public func create(_ quiz: Quiz) async throws { try await create(WrittenQuiz(quiz)) }
    public func replace(_ quiz: Quiz) async throws -> Bool { try await replace(WrittenQuiz(quiz)) }
    public func save(_ quiz: Quiz) async throws { try await save(WrittenQuiz(quiz)) }
    public func create(_ quiz: WrittenQuiz) async throws { try await perform(.createQuiz(quiz)) }
    public func replace(_ quiz: WrittenQuiz) async throws -> Bool { try await perform(.replaceQuiz(quiz), \.flag) }
    public func save(_ quiz: WrittenQuiz) async throws { try await perform(.saveQuiz(quiz)) }
    public func deleteQuiz(id: String) async throws -> Bool { try await perform(.deleteQuiz(id: id), \.flag) }

    /// Stores a session's copy of its quiz, and replaces an earlier copy. The result is false if the session's row is gone or belongs to
    /// another incarnation.
    public func keep(
        _ quiz: Quiz, sessionID: String, fence: SessionFence, completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        perform(.keepQuiz(WrittenQuiz(quiz), sessionID: sessionID, fence), \.flag, completion: completion)
    }

    /// For a store that has its quizzes at hand.
    public func quizOwner(id: String) async throws -> String? { try await quiz(id: id)?.createdBy }

    /// For a store that has its quizzes at hand.
    public func quizMemoryBytes(id: String) async throws -> Int? { try await quiz(id: id)?.memoryBytes }

    /// For a store that has its quizzes at hand.
    public func quizSummaries(createdBy: String?) async throws -> [QuizSummary] {
        try await quizzes(createdBy: createdBy).map(QuizSummary.init)
    }

    /// For a store that has its quizzes at hand.
    public func quizSummaries(owners: [String], limit: Int, offset: Int) async throws -> [QuizSummary] {
        var all: [QuizSummary] = []
        for owner in owners { all += try await quizSummaries(createdBy: owner) }
        return Array(all.dropFirst(offset).prefix(limit))
    }
}
