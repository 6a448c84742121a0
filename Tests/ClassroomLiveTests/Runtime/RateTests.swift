import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Rates of a person and of an address")
struct RateTests {
    @Test(
        "joins, observations, sign-ins and chat joins of a socket have a rate; the refusal says when to come again",
        arguments: [
            ("quiz:join", #"{"sessionId": "test_session_1"}"#), ("quiz:observe", #"{"sessionId": "test_session_1"}"#),
            ("auth", #"{"token": "student0_token"}"#), ("chat:join", #"{"roomId": "r"}"#),
        ])
    func rates(event: String, payload: String) async throws {
        let bench = ClassroomBench { configuration in
            configuration.joinRateOfSocket = .init(capacity: 2, refillPerSecond: 1)
            configuration.signInRateOfSocket = .init(capacity: 2, refillPerSecond: 1)
            configuration.chatJoinRateOfSocket = .init(capacity: 2, refillPerSecond: 1)
        }
        try await bench.run { classroom in
            _ = try await classroom.host()
            let client = try await classroom.student(0)
            let payload = JSON(stringLiteral: payload)
            for _ in 0..<2 { #expect(try await client.ask(event, payload).isOK) }
            let refused = try await client.ask(event, payload)
            #expect(refused.code == "rate_limited")
            #expect(refused["error"]?.text("message")?.contains("rate limit") == true)
            #expect(refused["error"]?.number("retryAfterMs") == 1_000)
            // Another socket of the same user has its own.
            #expect(try await classroom.student(0).ask(event, payload).isOK)
            classroom.clock.advance(by: 1_000)
            classroom.clock.settle()
            #expect(try await client.ask(event, payload).isOK)
        }
    }

    @Test("a chat:join with a long answer costs as much as several, the first one too, and is refused before the history is read")
    func longHistory() async throws {
        let store = StoreDouble()
        let bench = ClassroomBench(store: store) { configuration in
            configuration.joinRate = .init(capacity: 12, refillPerSecond: 0.001)
            configuration.chatJoinBytes = 1_000
        }
        try await bench.run { classroom in
            let client = try await classroom.student(0)
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).isOK)
            let text = String(repeating: "x", count: 2_000)
            #expect(try await client.ask("chat:message", JSON(stringLiteral: #"{"content": "\#(text)"}"#)).isOK)
            // Each costs three of the eleven that are left. Before the first one the room is not known to be long.
            for _ in 0..<3 { #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).isOK) }
            #expect(store.chatReads == 4)
            #expect(try await client.ask("chat:join", #"{"roomId": "r"}"#).code == "rate_limited")
            #expect(store.chatReads == 4)
            #expect(try await client.ask("chat:join", #"{"roomId": "short"}"#).isOK)
            #expect(try await client.ask("chat:join", #"{"roomId": "short"}"#).code == "rate_limited")
        }
    }

    @Test("the first chat:join after a start is charged for the answer that it got")
    func longHistoryAfterStart() async throws {
        let bench = ClassroomBench { configuration in
            configuration.joinRate = .init(capacity: 3, refillPerSecond: 0.001)
            configuration.chatJoinBytes = 1_000
        }
        for number in 0..<2 {
            let text = String(repeating: "x", count: 1_990)
            _ = try await bench.store.append(
                ChatMessage(
                    id: "m\(number)", roomID: "r\(number)", userID: "other", username: "Other", content: text, sentAt: 1, sequence: 0))
        }
        try await bench.run { classroom in
            let client = try await classroom.student(0)
            #expect(try await client.ask("chat:join", #"{"roomId": "r0"}"#).isOK)
            #expect(try await client.ask("chat:join", #"{"roomId": "r1"}"#).code == "rate_limited")
            // Of a short room, one has as many as before.
            let other = try await classroom.student(1)
            for _ in 0..<3 { #expect(try await other.ask("chat:join", #"{"roomId": "short"}"#).isOK) }
            #expect(try await other.ask("chat:join", #"{"roomId": "short"}"#).code == "rate_limited")
        }
    }

    @Test("an answer of so many bytes costs one join, one byte more costs two; prices are known of so many rooms and not of one more")
    func prices() {
        let directory = ChatDirectory(maximumRooms: 2, bytesPerJoin: 100)
        directory.answered("a", bytes: 100)
        #expect(directory.price(of: "a") == 1)
        directory.answered("a", bytes: 101)
        #expect(directory.price(of: "a") == 2)
        directory.answered("a", bytes: 301)
        directory.answered("b", bytes: 200)
        #expect(["a", "b"].map { directory.price(of: $0) } == [4, 2])
        directory.answered("c", bytes: 201)
        #expect(directory.price(of: "c") == 3)
        #expect(["a", "b"].count { directory.price(of: $0) > 1 } == 1)
        directory.answered("c", bytes: 100)
        #expect(directory.price(of: "c") == 1)
    }

    @Test("a user's joins have a rate over all sockets")
    func joinsOfAUser() async throws {
        try await ClassroomBench { $0.joinRate = .init(capacity: 2, refillPerSecond: 1) }.run { classroom in
            _ = try await classroom.host()
            for _ in 0..<2 { _ = try await classroom.player(0) }
            let third = try await classroom.student(0)
            #expect(try await third.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).code == "rate_limited")
            _ = try await classroom.player(1)
        }
    }

    @Test("hundreds of sockets of one user join and sign in within a moment, as a load test does")
    func loadTest() async throws {
        try await ClassroomBench().run { classroom in
            _ = try await classroom.host()
            for _ in 0..<200 {
                let client = try await classroom.connect()
                #expect(try await client.ask("auth", #"{"token": "student0_token"}"#).isOK)
                #expect(try await client.ask("quiz:join", #"{"sessionId": "test_session_1"}"#).isOK)
                await client.drop()
            }
        }
    }

    @Test("who guesses tokens is refused without a look after so many; others behind the address sign in")
    func tokenGuesses() async throws {
        let bench = ClassroomBench { $0.failedSignInRate = .init(capacity: 2, refillPerSecond: 0.001) }
        try await bench.run { classroom in
            let client = try await classroom.connect()
            for _ in 0..<2 { #expect(try await client.ask("auth", #"{"token": "guess"}"#).code == "unauthenticated") }
            #expect(try await client.ask("auth", #"{"token": "guess"}"#).code == "rate_limited")
            let other = try await classroom.connect()
            #expect(try await other.ask("auth", #"{"token": "student0_token"}"#).isOK)
        }
    }

    @Test("an address that guessed join codes in vain still joins by a code that worked from there")
    func codesOfAnAddress() async throws {
        try await ClassroomBench { $0.failedLookupRateOfAddress = .init(capacity: 2, refillPerSecond: 0.001) }.run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try #require(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).text("joinCode"))
            let wrong = code == "111111" ? "222222" : "111111"
            #expect(try await classroom.student(0).ask("quiz:join", #"{"joinCode": "\#(code)"}"#).isOK)
            let guesser = try await classroom.student(1)
            for _ in 0..<2 { #expect(try await guesser.ask("quiz:join", #"{"joinCode": "\#(wrong)"}"#).code == "not_found") }
            #expect(try await guesser.ask("quiz:join", #"{"joinCode": "\#(wrong)"}"#).code == "rate_limited")
            let classmate = try await classroom.student(2)
            #expect(try await classmate.ask("quiz:join", #"{"joinCode": "\#(code)"}"#).isOK)
        }
    }

    @Test("an account that guesses join codes, on however many sockets, uses up nobody else's attempts at its address")
    func codesOfAnAccount() async throws {
        let bench = ClassroomBench { configuration in
            configuration.failedLookupRate = .init(capacity: 2, refillPerSecond: 0.001)
            configuration.failedLookupRateOfAddress = .init(capacity: 4, refillPerSecond: 0.001)
        }
        try await bench.run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try #require(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).text("joinCode"))
            let wrong = code == "111111" ? "222222" : "111111"
            var codes: [String?] = []
            for _ in 0..<6 {
                let guesser = try await classroom.student(1)
                codes.append(try await guesser.ask("quiz:join", #"{"joinCode": "\#(wrong)"}"#).code)
            }
            #expect(codes == ["not_found", "not_found"] + Array(repeating: "rate_limited", count: 4))
            #expect(try await classroom.student(2).ask("quiz:join", #"{"joinCode": "\#(code)"}"#).isOK)
            #expect(try await classroom.connect().ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Gus"}"#).isOK)
        }
    }

    @Test("guesses of short tokens at an address keep out nobody whose token is long; guesses of long ones end too")
    func longTokens() async throws {
        let bench = ClassroomBench { configuration in
            configuration.failedSignInRateOfAddress = .init(capacity: 2, refillPerSecond: 0.001)
            configuration.failedLongTokenRateOfAddress = .init(capacity: 2, refillPerSecond: 0.001)
        }
        try await bench.run { classroom in
            let long = String(repeating: "a", count: 40)
            try await classroom.add(User(id: "long", username: "Long"), token: long)
            func answers(_ token: String) async throws -> [String?] {
                var codes: [String?] = []
                let payload = JSON(stringLiteral: #"{"token": "\#(token)"}"#)
                for _ in 0..<3 { codes.append(try await classroom.connect().ask("auth", payload).code) }
                return codes
            }
            #expect(try await answers(String(repeating: "b", count: 39)) == ["unauthenticated", "unauthenticated", "rate_limited"])
            #expect(try await classroom.connect().ask("auth", #"{"token": "student0_token"}"#).code == "rate_limited")
            #expect(try await classroom.connect().ask("auth", JSON(stringLiteral: #"{"token": "\#(long)"}"#)).isOK)
            #expect(try await answers(String(repeating: "b", count: 40)) == ["unauthenticated", "unauthenticated", "rate_limited"])
        }
    }

    @Test("guests together have a twentieth of all dashboards, and get back what one of them leaves")
    func dashboardsOfGuests() async throws {
        try await ClassroomBench { $0.maximumDashboardSubscribers = 40 }.run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try #require(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).text("joinCode"))
            var guests: [TestClient] = []
            for number in 0..<3 {
                guests.append(try await classroom.connect())
                #expect(try await guests[number].ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Guest \#(number)"}"#).isOK)
            }
            for guest in guests[..<2] { #expect(try await guest.ask("dashboard:subscribe").isOK) }
            #expect(try await guests[2].ask("dashboard:subscribe").code == "unavailable")
            #expect(try await host.ask("dashboard:subscribe").isOK)
            await guests[0].drop()
            try await eventually { try await guests[2].ask("dashboard:subscribe").isOK }
        }
    }

    @Test("sessions that somebody looks at count for their owner, as those that are created")
    func sessionsLookedAt() async throws {
        let bench = ClassroomBench { $0.maximumLoadedSessionsPerOwner = 2 }
        for number in 0..<3 {
            try await bench.store.createSession(SessionRecord(id: "s\(number)", quizID: "quiz1", createdBy: "instructor1", createdAt: 1))
        }
        try await bench.store.createSession(SessionRecord(id: "by_hand", quizID: "quiz1", createdBy: "", createdAt: 1))
        try await bench.run { classroom in
            let student = try await classroom.student(0)
            for id in ["s0", "s1", "by_hand"] {
                #expect(try await student.ask("quiz:observe", JSON(stringLiteral: #"{"sessionId": "\#(id)"}"#)).isOK)
            }
            #expect(try await student.ask("quiz:observe", #"{"sessionId": "s2"}"#).code == "unavailable")
            #expect(try await student.ask("quiz:leave", #"{"sessionId": "s0"}"#).isOK)
            classroom.clock.advance(by: 60_000)
            try await eventually { try await student.ask("quiz:observe", #"{"sessionId": "s2"}"#).isOK }
        }
    }

    @Test("guests share a rate of chat messages, however many they are; others' messages pass")
    func guestChat() async throws {
        try await ClassroomBench { $0.guestChatRateOfRoom = .init(capacity: 3, refillPerSecond: 0.001) }.run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try #require(try await host.ask("quiz:create_session", #"{"quizId": "quiz1"}"#).text("joinCode"))
            var codes: [String?] = []
            for number in 0..<4 {
                let guest = try await classroom.connect()
                #expect(try await guest.ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Guest \#(number)"}"#).isOK)
                #expect(try await guest.ask("chat:join", #"{"roomId": "r"}"#).isOK)
                codes.append(try await guest.ask("chat:message", #"{"content": "hello"}"#).code)
            }
            #expect(codes == [nil, nil, nil, "rate_limited"])
            let student = try await classroom.student(0)
            #expect(try await student.ask("chat:join", #"{"roomId": "r"}"#).isOK)
            #expect(try await student.ask("chat:message", #"{"content": "hello"}"#).isOK)
        }
    }

    @Test("a burst of one guest leaves the other guests their share, and a message that is refused takes nothing from it")
    func guestBurst() {
        var configuration = RuntimeConfiguration()
        configuration.guestChatRateOfGuest = .init(capacity: 2, refillPerSecond: 0.5)
        configuration.guestChatRateOfRoom = .init(capacity: 4, refillPerSecond: 0.001)
        let limits = RequestLimits(configuration)
        func passes(_ guest: String, at now: UnixMilliseconds = 0) -> Bool {
            limits.takeGuestChat(userID: guest, roomID: "r", at: now) == nil
        }
        #expect((0..<30).map { _ in passes("loud") }.filter(\.self).count == 2)
        #expect(passes("calm"))
        #expect(!passes("loud", at: 1_999))
        // What flowed back to one guest is the room's all the same: its last.
        #expect(passes("loud", at: 2_000))
        #expect(!passes("third", at: 2_000))
        // In another room the guest who was refused in this one has all of their part.
        #expect(limits.takeGuestChat(userID: "third", roomID: "other", at: 2_000) == nil)
        #expect(limits.takeGuestChat(userID: "third", roomID: "other", at: 2_000) == nil)
        #expect(limits.takeGuestChat(userID: "third", roomID: "other", at: 2_000)?.retryAfterMs == 2_000)
    }

    @Test("an address gets so many new guests; those who are in come back")
    func guestSeats() async throws {
        try await ClassroomBench { $0.guestRateOfAddress = .init(capacity: 2, refillPerSecond: 0.001) }.run { classroom in
            let host = try await classroom.connect("instructor_token")
            let code = try #require(try await host.ask("quiz:create_session", #"{"quizId": "quiz1", "sessionId": "s"}"#).text("joinCode"))
            var token: String?
            for number in 0..<2 {
                let joined = try await classroom.connect().ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Guest \#(number)"}"#)
                token = joined["you"]?.text("token")
            }
            let third = try await classroom.connect().ask("quiz:join", #"{"joinCode": "\#(code)", "nickname": "Guest 3"}"#)
            #expect(third.code == "rate_limited")
            let back = try await classroom.connect().ask("quiz:join", #"{"sessionId": "s", "token": "\#(try #require(token))"}"#)
            #expect(back.isOK)
        }
    }
}
