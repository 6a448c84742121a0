import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Who is in a session")
struct MembershipTests {
    @Test("somebody without an account joins by code and name, and comes back with their token")
    func guests() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.connect("instructor_token")
            let created = try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "s"}"#)
            let code = try #require(created.text("joinCode"))
            let guest = try await classroom.connect()
            let joined = try await guest.ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Zoë"}"#)
            let token = try #require(joined["you"]?.text("token"))
            #expect(joined.text("sessionId") == "s")
            #expect(joined["you"]?.text("username") == "Zoë")
            #expect(try await guest.payload("quiz:joined")["you"]?.text("token") == token)
            try await classroom.start(host, "s")
            _ = try await guest.payload("quiz:question")
            #expect(try await guest.ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#).isOK)
            await guest.disconnect()
            let again = try await classroom.connect()
            let rejoined = try await again.ask("quiz:join", #"{"sessionId": "s", "token": "\#(token)"}"#)
            #expect(rejoined["you"]?.text("userId") == joined["you"]?.text("userId"))
            #expect(rejoined["answer"]?["correct"]?.bool == true)
            // The name is taken, look-alikes of it too; nobody is made a guest for a name they cannot have.
            let users = try await classroom.store.countUsers()
            let other = try await classroom.connect()
            #expect(try await other.ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "ZOË\u200B"}"#).code == "conflict")
            #expect(try await other.ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": " "}"#).code == "invalid")
            #expect(try await classroom.store.countUsers() == users)
            #expect(try await other.ask("quiz:join", #"{"joinCode": "\#(code)"}"#).code == "unauthenticated")
        }
    }

    @Test("a kicked player is told, gets no further events, and stays out")
    func kicked() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let player = try await classroom.player(0)
            let other = try await classroom.player(1)
            #expect(try await other.ask("quiz:kick", #"{"sessionId": "test_session_1", "userId": "user0"}"#).code == "forbidden")
            #expect(try await host.ask("quiz:kick", #"{"sessionId": "test_session_1", "userId": "user0"}"#).isOK)
            #expect(try await player.payload("quiz:kicked").text("userId") == "user0")
            try await classroom.start(host)
            _ = try await other.payload("quiz:question")
            let answer = try await player.ask("quiz:answer", #"{"sessionId": "test_session_1", "questionId": "q1", "answer": 1}"#)
            #expect(answer.code == "forbidden")
            #expect(try await player.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            #expect(try await player.ask("quiz:observe", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            #expect(!player.unread.contains { $0.name == "quiz:question" })
            #expect(try await classroom.store.participants(sessionID: "test_session_1").first { $0.userID == "user0" }?.kicked == true)
        }
    }

    @Test("everyone has answered when all who are connected and not kicked have")
    func everyone() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host(settings: #"{"autoAdvance": true}"#)
            let players = [
                try await classroom.player(0), try await classroom.player(1), try await classroom.player(2), try await classroom.player(3),
            ]
            try await classroom.start(host)
            for player in players { _ = try await player.payload("quiz:question") }
            _ = try await host.ask("quiz:kick", #"{"sessionId": "test_session_1", "userId": "user3"}"#)
            _ = try await players[0].ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            _ = try await players[1].ask("quiz:answer", #"{"questionId": "q1", "answer": 1}"#)
            await players[2].drop()
            #expect(try await players[0].payload("quiz:question:closed").number("answered") == 2)
            // The reveal stays for a while.
            classroom.clock.advance(by: 10_000)
            #expect(try await players[0].payload("quiz:question").text("questionId") == "q2")
        }
    }

    @Test("a user is gone when the last of their sockets is")
    func manySockets() async throws {
        try await ClassroomBench().run { classroom in
            _ = try await classroom.host()
            let phone = try await classroom.player(0)
            let laptop = try await classroom.player(0)
            #expect(classroom.runtime.snapshot().players == 1)
            #expect(classroom.runtime.snapshot().activeUsers == 2)
            #expect(try await phone.ask("quiz:leave").isOK)
            #expect(classroom.runtime.snapshot().players == 1)
            #expect(try await classroom.store.participants(sessionID: "test_session_1").map(\.left) == [false])
            #expect(try await laptop.ask("quiz:leave").isOK)
            #expect(classroom.runtime.snapshot().players == 0)
            try await eventually { try await classroom.store.participants(sessionID: "test_session_1").map(\.left) == [true] }
            // One who goes without a word is absent, not gone.
            let again = try await classroom.player(0)
            #expect(classroom.runtime.snapshot().players == 1)
            await again.drop()
            try await eventually { classroom.runtime.snapshot().players == 0 }
            #expect(try await classroom.store.participants(sessionID: "test_session_1").map(\.left) == [false])
        }
    }

    @Test("a socket that signs in as somebody else has joined nothing")
    func otherUser() async throws {
        try await ClassroomBench().run { classroom in
            let host = try await classroom.host()
            let client = try await classroom.player(0)
            _ = try await client.ask("chat:join", #"{"roomId": "r"}"#)
            try await classroom.start(host)
            _ = try await client.payload("quiz:question")
            #expect(try await client.ask("auth", #"{"token": "student1_token"}"#).text("userId") == "user1")
            let answer = try await client.ask("quiz:answer", #"{"sessionId": "test_session_1", "questionId": "q1", "answer": 1}"#)
            #expect(answer.code == "forbidden")
            #expect(try await client.ask("chat:message", #"{"content": "hi"}"#).code == "forbidden")
            try await eventually { classroom.runtime.snapshot().players == 0 }
            // A bad token changes nothing.
            #expect(try await client.ask("auth", #"{"token": "nonsense"}"#).code == "unauthenticated")
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#)["members"]?[0]?.text("userId") == "user1")
        }
    }

    @Test("permissions are checked: creating, managing one's own, participating")
    func permissions() async throws {
        try await ClassroomBench().run { classroom in
            let student = try await classroom.student(0)
            #expect(try await student.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).code == "forbidden")
            let host = try await classroom.host()
            #expect(try await student.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            let other = try await classroom.connect("other_token")
            #expect(try await other.ask("quiz:start", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            #expect(try await host.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).code == "forbidden")
            #expect(try await host.ask("quiz:create_session", #"{"quizId": "none"}"#).code == "not_found")
            #expect(try await host.ask("quiz:start", #"{"sessionId": "none"}"#).code == "not_found")
        }
    }
}
