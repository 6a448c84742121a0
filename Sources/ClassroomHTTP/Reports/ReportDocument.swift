import Classroom
import JSONCore
import NIOCore

/// A report as JSON, piece by piece: its text is longer than the report, which grows with the players and the questions that they answered.
struct ReportDocument: ReportPieces {
    /// The part that is written next.
    private enum Step {
        /// What comes before the players.
        case head
        case player(Int)
        case answer(Int, player: Int)
        case question(Int)
        case end
    }

    private let report: SessionReport
    private var writer = JSONWriter()
    private var step = Step.head

    init(_ report: SessionReport) { self.report = report }

    mutating func next() throws -> ByteBuffer? {
        while writer.buffer.readableBytes < Self.pieceBytes, let following = try advance() { step = following }
        guard writer.buffer.readableBytes > 0 else { return nil }
        defer { writer.buffer = ByteBuffer() }
        return writer.buffer
    }

    /// Writes one part.
    ///
    /// - Returns: the part behind it. Nil at the end.
    private mutating func advance() throws -> Step? {
        switch step {
        case .head:
            begin()
            return .player(0)
        case .player(let index):
            guard index < report.players.count else {
                writer.endArray()
                writer.key("questions")
                writer.beginArray()
                return .question(0)
            }
            begin(report.players[index])
            return .answer(0, player: index)
        case .answer(let index, let player):
            let answers = report.players[player].answers
            guard index < answers.count else {
                writer.endArray()
                writer.endObject()
                return .player(player + 1)
            }
            try writer.encode(answers[index])
            return .answer(index + 1, player: player)
        case .question(let index):
            guard index < report.questions.count else {
                writer.endArray()
                writer.endObject()
                return .end
            }
            try writer.encode(report.questions[index])
            return .question(index + 1)
        case .end: return nil
        }
    }

    private mutating func begin() {
        writer.beginObject()
        writer.field("sessionId", report.sessionId)
        writer.field("quizId", report.quizId)
        writer.field("title", report.title)
        writer.field("status", report.status.rawValue)
        writer.field("createdAt", report.createdAt)
        if let startedAt = report.startedAt { writer.field("startedAt", startedAt) }
        if let endedAt = report.endedAt { writer.field("endedAt", endedAt) }
        writer.key("players")
        writer.beginArray()
    }

    private mutating func begin(_ player: SessionReport.Player) {
        writer.beginObject()
        writer.field("rank", player.rank)
        writer.field("userId", player.userId)
        writer.field("username", player.username)
        writer.field("score", player.score)
        writer.field("correctAnswers", player.correctAnswers)
        writer.key("answers")
        writer.beginArray()
    }
}
