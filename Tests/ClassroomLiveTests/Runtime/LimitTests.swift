import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Limits of the classroom")
struct LimitTests {
    @Test("sessions in memory are limited")
    func sessions() async throws {
        try await ClassroomBench { $0.maximumLoadedSessions = 2 }.run { classroom in
            let host = try await classroom.host("a")
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "b"}"#).isOK)
            let third = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "c"}"#)
            #expect(third.code == "unavailable")
            #expect(try await classroom.store.session(id: "c") == nil)
        }
    }

    @Test("players of a session are limited")
    func players() async throws {
        try await ClassroomBench { $0.sessionLimits.maximumParticipants = 2 }.run { classroom in
            _ = try await classroom.host()
            _ = try await classroom.player(0)
            _ = try await classroom.player(1)
            let third = try await classroom.student(2)
            #expect(try await third.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).code == "conflict")
        }
    }

    @Test("a board that is no longer than its event is made for each version, a longer one once per interval, the final one at once")
    func wholeBoards() async throws {
        try await ClassroomBench { $0.sessionLimits.leaderboardEntries = 2 }.run { classroom in
            func board() async throws -> LeaderboardReport { try await classroom.runtime.leaderboard(sessionID: "test_session_1") }
            let host = try await classroom.host()
            for number in 0..<2 {
                _ = try await classroom.player(number)
                #expect(try await board().entries.count == number + 1)
            }
            let earlier = try await board()
            _ = try await classroom.player(2)
            #expect(try await board() == earlier)
            classroom.clock.advance(by: 99)
            classroom.clock.settle()
            #expect(try await board() == earlier)
            classroom.clock.advance(by: 1)
            classroom.clock.settle()
            let later = try await board()
            #expect(later.entries.count == 3)
            #expect(later.summary.version > earlier.summary.version)
            _ = try await classroom.player(3)
            #expect(try await board() == later)
            #expect(try await host.ask("quiz:end", #"{"sessionId": "test_session_1"}"#).isOK)
            let last = try await board()
            #expect(last.summary.final)
            #expect(last.entries.count == 4)
        }
    }

    @Test("a socket over its limit of sessions leaves the one that it joined longest ago")
    func sessionsOfASocket() async throws {
        try await ClassroomBench { $0.maximumSessionsPerSocket = 2 }.run { classroom in
            let host = try await classroom.host("a")
            for id in ["b", "c"] { _ = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "\#(id)"}"#) }
            let player = try await classroom.player(0, "a")
            for id in ["b", "c"] { #expect(try await player.ask("quiz:join", #"{"sessionId": "\#(id)"}"#).isOK) }
            try await eventually { classroom.runtime.snapshot().players == 2 }
        }
    }

    @Test("wrong join codes are limited, and right ones cost nothing")
    func joinCodes() async throws {
        try await ClassroomBench { $0.failedLookupRate = .init(capacity: 3, refillPerSecond: 0.001) }.run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try #require(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).text("joinCode"))
            let wrong = code == "111111" ? "222222" : "111111"
            let player = try await classroom.student(0)
            for _ in 0..<5 { #expect(try await player.ask("quiz:join", #"{"joinCode": "\#(code)"}"#).isOK) }
            for _ in 0..<3 {
                let missing = try await player.ask("quiz:join", #"{"joinCode": "\#(wrong)"}"#)
                #expect(missing["error"]?.text("message") == "Session not found")
            }
            let refused = try await player.ask("quiz:join", #"{"joinCode": "\#(wrong)"}"#)
            #expect(refused.code == "rate_limited")
            #expect((refused["error"]?.number("retryAfterMs") ?? 0) > 0)
            // Another client behind the same address is not punished.
            let other = try await classroom.student(1)
            #expect(try await other.ask("quiz:join", #"{"joinCode": "\#(code)"}"#).isOK)
        }
    }

    @Test("chat rooms are limited per socket and on the server", arguments: [true, false])
    func chatRooms(ofASocket: Bool) async throws {
        let bench = ClassroomBench { configuration in
            if ofASocket { configuration.maximumChatRoomsPerSocket = 2 } else { configuration.maximumChatRooms = 2 }
        }
        try await bench.run { classroom in
            let client = try await classroom.student(0)
            for room in ["a", "b", "a"] { #expect(try await client.ask("chat:join", #"{"roomId": "\#(room)"}"#).isOK) }
            let third = try await client.ask("chat:join", #"{"roomId": "c"}"#)
            #expect(third.code == (ofASocket ? "conflict" : "unavailable"))
            #expect(try await client.ask("chat:leave", #"{"roomId": "a"}"#).isOK)
            #expect(try await client.ask("chat:join", #"{"roomId": "c"}"#).isOK)
        }
    }

    @Test("nine answers at once, the tenth is refused; a user's limit holds over all sockets")
    func answers() async throws {
        try await ClassroomBench().run { classroom in
            _ = try await classroom.host()
            let phone = try await classroom.player(0)
            let laptop = try await classroom.player(0)
            for index in 0..<9 {
                let answer = try await (index % 2 == 0 ? phone : laptop).ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
                #expect(answer.code == "closed")
            }
            let refused = try await laptop.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            #expect(refused.code == "rate_limited")
            #expect(refused["error"]?.number("retryAfterMs") == 334)
            classroom.clock.advance(by: 334)
            classroom.clock.settle()
            #expect(try await laptop.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).code == "closed")
        }
    }
}
