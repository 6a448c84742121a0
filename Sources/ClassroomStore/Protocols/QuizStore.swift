public import Classroom

/// The library of quizzes.
public protocol QuizStore: Sendable {
    /// The quiz, or nil. Questions without an id in the row have positional ones (`q1`, `q2`, …).
    func quiz(id: String) async throws -> Quiz?
    /// All quizzes, or those of one owner, by title and then id.
    func quizzes(createdBy: String?) async throws -> [Quiz]
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
