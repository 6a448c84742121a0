public import Classroom
package import JSONCore
import NIOCore

/// A quiz with its questions as JSON. They may be a megabyte, and writing them takes milliseconds: so they are written once, where that holds
/// up nobody, for the store and for the HTTP API.
public struct WrittenQuiz: Sendable {
    public let quiz: Quiz
    /// The `questions` column: see ``QuestionsText``.
    package let questions: String

    /// Writes the questions.
    public init(_ quiz: Quiz) {
        self.quiz = quiz
        questions = QuestionsText.text(quiz.questions)
    }

    /// What it takes while it waits for a writer: the text, and the questions that it was written of, which are about as much again.
    package var bytes: Int { 2 * questions.utf8.count + quiz.title.utf8.count + 256 * quiz.questions.count }
}

extension JSONWriter {
    /// The questions of a quiz that are written already.
    package mutating func questions(of quiz: WrittenQuiz) {
        separate()
        buffer.writeString(quiz.questions)
    }
}
