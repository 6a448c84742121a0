import Classroom
import JSONCore

/// A quiz as the HTTP API shows it, correct answers included. It writes itself: a quiz may be a megabyte, and `Encodable` takes several
/// times as long.
struct QuizDocument: JSONWritable {
    let quiz: Quiz

    init(_ quiz: Quiz) { self.quiz = quiz }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", quiz.id)
            writer.field("title", quiz.title)
            writer.field("createdBy", quiz.createdBy)
            writer.key("questions")
            writer.array { writer in
                for question in quiz.questions { Self.write(question, to: &writer) }
            }
        }
    }

    private static func write(_ question: Question, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", question.id)
            writer.field("question", question.question)
            writer.field("options", question.options)
            writer.key("correctAnswer")
            write(question.correctAnswer, to: &writer)
            if let duration = question.durationMs { writer.field("durationMs", duration) }
        }
    }

    private static func write(_ answer: Answer, to writer: inout JSONWriter) {
        switch answer {
        case .index(let index): writer.int(index)
        case .text(let text): writer.string(text)
        case .list(let answers): writer.array { for answer in answers { write(answer, to: &$0) } }
        }
    }
}
