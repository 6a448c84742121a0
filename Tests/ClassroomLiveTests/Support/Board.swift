import SocketIOCore
import SocketIOTesting
import Testing

/// A `quiz:leaderboard` as a client reads it.
struct Board: Sendable {
    struct Entry: Sendable, Decodable {
        var rank: Int
        var userId: String
        var username: String
        var score: Int
        var correctAnswers: Int
    }

    var entries: [Entry]
    var version: Int
    var final: Bool
    var players: Int

    init?(_ event: TestEvent) {
        guard event.name == "quiz:leaderboard", event.arguments.count == 2, event.arguments[0].kind == .array,
            let version = event.arguments[1].number("version"), let final = event.arguments[1]["final"]?.bool,
            let players = event.arguments[1].number("players"), let entries = try? event.arguments[0].decode([Entry].self)
        else { return nil }
        self.entries = entries
        self.version = version
        self.final = final
        self.players = players
    }
}

extension TestClient {
    /// The next board that passes.
    func board(where matches: @escaping @Sendable (Board) -> Bool) async throws -> Board {
        let event = try await next { Board($0).map(matches) ?? false }
        return try #require(Board(event))
    }
}
