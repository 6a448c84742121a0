public import Classroom
package import JSONCore
import NIOCore

/// A quiz with its questions as JSON. They may be a megabyte, which takes milliseconds to write. So they are written once for the store and
/// for the HTTP API, on a thread that delays no other work.
public struct WrittenQuiz: Sendable {
    public let quiz: Quiz
    /// The `questions` column: see ``QuestionsText``.
    package let questions: String

    /// Writes the questions.
    public init(_ quiz: Quiz) {
        self.quiz = quiz
        questions = QuestionsText.text(quiz.questions)
    }

    /// Its memory while it waits for the writer: the text, and the questions, which take about as much again.
    package var bytes: Int { 2 * questions.utf8.count + quiz.title.utf8.count + 256 * quiz.questions.count }
}

extension JSONWriter {
    /// A quiz whose questions are written already.
    package mutating func questions(of quiz: WrittenQuiz) {
        separate()
        buffer.writeString(quiz.questions)
    }
}
