import Classroom
import ClassroomStore
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("The session that a request does not name")
struct DefaultSessionTests {
    @Test("it is the one joined last, whatever was watched since")
    func joinedNotWatched() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host("a")
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "b"}"#).isOK)
            let player = try await classroom.player(0, "a")
            try await classroom.start(host, "a")
            _ = try await player.payload("quiz:question")
            #expect(try await player.ask("quiz:observe", #"{"sessionId": "b"}"#).isOK)
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).text("sessionId") == "a")
            #expect(try await player.ask("quiz:leave").text("sessionId") == "a")
            // Nothing is joined any more: what is watched is what can be left.
            #expect(try await player.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).code == "forbidden")
            #expect(try await player.ask("quiz:leave").text("sessionId") == "b")
        }
    }

    @Test("watching a session that one plays does not end the playing, and joining one makes it the last")
    func both() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host("a")
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "b"}"#).isOK)
            let player = try await classroom.player(0, "a")
            #expect(try await player.ask("quiz:join", #"{"sessionId": "b"}"#).isOK)
            #expect(try await player.ask("quiz:observe", #"{"sessionId": "a"}"#).isOK)
            #expect(try await player.ask("quiz:leave").text("sessionId") == "b")
            #expect(try await player.ask("quiz:leave").text("sessionId") == "a")
        }
    }
}
