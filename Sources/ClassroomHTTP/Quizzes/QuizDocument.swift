import Classroom
import ClassroomStore
import JSONCore
import NIOCore

/// A quiz as the HTTP API shows it, correct answers included. It writes itself: a quiz may be a megabyte, and `Encodable` takes several
/// times as long.
struct QuizDocument: JSONWritable {
    let quiz: Quiz

    init(_ quiz: Quiz) { self.quiz = quiz }

    var bytes: ByteBuffer {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.buffer
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", quiz.id)
            writer.field("title", quiz.title)
            writer.field("createdBy", quiz.createdBy)
            writer.key("questions")
            writer.questions(quiz.questions)
        }
    }
}
