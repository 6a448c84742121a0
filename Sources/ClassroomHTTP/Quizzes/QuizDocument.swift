import Classroom
import ClassroomStore
import JSONCore
import NIOCore

/// A quiz as the HTTP API shows it, correct answers included. It writes itself: a quiz may be a megabyte, and `Encodable` takes several
/// times as long.
struct QuizDocument: JSONWritable {
    private let written: WrittenQuiz

    init(_ quiz: WrittenQuiz) { written = quiz }

    var bytes: ByteBuffer {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.buffer
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", written.quiz.id)
            writer.field("title", written.quiz.title)
            writer.field("createdBy", written.quiz.createdBy)
            writer.key("questions")
            writer.questions(of: written)
        }
    }
}
