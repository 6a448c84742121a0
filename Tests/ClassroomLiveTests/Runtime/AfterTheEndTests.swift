import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("After a session's end")
struct AfterTheEndTests {
    @Test("an answer is too late, and told so in the same words before and after the session has left memory")
    func lateAnswer() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            try await classroom.start(host)
            _ = try await player.payload("quiz:question")
            #expect(try await host.ask("quiz:end", #"{"sessionId": "test_session_1"}"#).isOK)
            let late = #"{"questionId": "q1", "answer": 1}"# as JSON
            let soon = try await player.ask("quiz:answer", late)
            classroom.clock.advance(by: 1_000)
            _ = try await player.board { $0.final }
            try await eventually { classroom.runtime.snapshot().players == 0 }
            let later = try await player.ask("quiz:answer", late)
            for refused in [soon, later] {
                #expect(refused.code == "closed")
                #expect(refused["error"]?.text("message") == "The session has ended")
            }
        }
    }
}
