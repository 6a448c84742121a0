import Classroom
import NIOCore
import SocketIOCore

/// A session's whole board as the HTTP API shows it: everybody who joined and was not removed, best first. It writes its JSON by hand: with
/// ten thousand entries `Encodable` takes many times as long.
struct LeaderboardDocument: JSONWritable {
    let report: LeaderboardReport

    init(_ report: LeaderboardReport) { self.report = report }

    var bytes: ByteBuffer {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.buffer
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("entries")
            writer.array { writer in
                for entry in report.entries { Self.write(entry, to: &writer) }
            }
            writer.key("summary")
            writer.object { writer in
                writer.field("sessionId", report.summary.sessionId)
                writer.field("version", report.summary.version)
                writer.field("final", report.summary.final)
                writer.field("players", report.summary.players)
            }
        }
    }

    /// Reads one back.
    static func report(_ document: ByteBuffer) throws -> LeaderboardReport {
        let board: Board = try JSONSlice(unchecked: document).decode()
        return LeaderboardReport(entries: board.entries, summary: board.summary)
    }

    private struct Board: Decodable {
        let entries: [LeaderboardEntry]
        let summary: LeaderboardSummary
    }

    private static func write(_ entry: LeaderboardEntry, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("rank", entry.rank)
            writer.field("userId", entry.userId)
            writer.field("username", entry.username)
            writer.field("score", entry.score)
            writer.field("correctAnswers", entry.correctAnswers)
        }
    }
}
