public import Classroom

/// The library of quizzes.
public protocol QuizStore: Sendable {
    /// The quiz, or nil. Questions without an id in the row have positional ones (`q1`, `q2`, …).
    func quiz(id: String) async throws -> Quiz?
    /// All quizzes, or those of one owner, by title and then id.
    func quizzes(createdBy: String?) async throws -> [Quiz]
    /// The same without their questions, which may be a megabyte each.
    func quizSummaries(createdBy: String?) async throws -> [QuizSummary]
    /// The title alone.
    func quizTitle(id: String) async throws -> String?
    /// Creates the quiz. Of several who create the same id at once one succeeds.
    /// - Throws: `ClassroomError.quizExists` (`.conflict`).
    func create(_ quiz: Quiz) async throws
    /// Replaces the quiz of the same id and owner. False: there is none.
    func replace(_ quiz: Quiz) async throws -> Bool
    /// Creates the quiz or replaces the one of the same id.
    func save(_ quiz: Quiz) async throws
    /// Whether there was such a quiz. Its sessions stay.
    func deleteQuiz(id: String) async throws -> Bool
}

extension QuizStore {
    /// For a store that has its quizzes at hand.
    public func quizSummaries(createdBy: String?) async throws -> [QuizSummary] {
        try await quizzes(createdBy: createdBy).map(QuizSummary.init)
    }

    /// For a store that has its quizzes at hand.
    public func quizTitle(id: String) async throws -> String? { try await quiz(id: id)?.title }
}
