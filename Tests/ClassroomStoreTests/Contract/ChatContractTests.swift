import Classroom
import ClassroomStore
import Testing

@Suite("Store contract: chat", .serialized)
struct ChatContractTests {
    @Test("a message comes back as it was sent, with the room's next sequence", arguments: Backend.allCases)
    func roundTrip(backend: Backend) async throws {
        try await backend.withStore { store in
            var message = ChatMessage.sample("a < b 🐧", clientID: "c1")
            let stored = try await store.append(message)
            message.sequence = 1
            #expect(stored == message)
            #expect(try await store.recentChat(roomID: "r1", limit: 10) == [message])
            #expect(try await store.append(.sample("")).sequence == 2)
            #expect(try await store.recentChat(roomID: "r1", limit: 1).map(\.content) == [""])
            #expect(try await store.recentChat(roomID: "r2", limit: 10).isEmpty)
        }
    }

    @Test("what its sender sends again by the same client id is one message, and the first one comes back", arguments: Backend.allCases)
    func sentAgain(backend: Backend) async throws {
        try await backend.withStore { store in
            let first = try await store.append(.sample("first", clientID: "c1"))
            #expect(try await store.append(.sample("second", clientID: "c1")) == first)
            #expect(try await store.append(.sample("other", clientID: "c2")).sequence == 2)
            // Of somebody else, or in another room, it is another message.
            var foreign = ChatMessage.sample("foreign", clientID: "c1")
            foreign.userID = "user2"
            #expect(try await store.append(foreign).sequence == 3)
            #expect(try await store.append(.sample("elsewhere", room: "r2", clientID: "c1")).sequence == 1)
            #expect(try await store.append(.sample("without")).sequence == 4)
            #expect(try await store.append(.sample("without")).sequence == 5)
            #expect(
                try await store.recentChat(roomID: "r1", limit: 10).map(\.content) == ["first", "other", "foreign", "without", "without"])
        }
    }

    @Test("every room counts for itself, without gaps, in the order of the completions", arguments: Backend.allCases)
    func sequences(backend: Backend) async throws {
        try await backend.withStore { store in
            let results = Results<ChatMessage>()
            for index in 0..<300 { store.append(.sample("\(index)", room: "r\(index % 3)"), completion: results.completion) }
            let messages = await results.first(300).compactMap { try? $0.get() }
            #expect(messages.map(\.content) == (0..<300).map(String.init))
            for room in 0..<3 {
                #expect(messages.filter { $0.roomID == "r\(room)" }.map(\.sequence) == Array(1...100))
            }
        }
    }

    @Test("the history has the last messages, the oldest of them first", arguments: Backend.allCases)
    func history(backend: Backend) async throws {
        try await backend.withStore { store in
            for index in 1...5 { _ = try await store.append(.sample("\(index)")) }
            #expect(try await store.recentChat(roomID: "r1", limit: 3).map(\.content) == ["3", "4", "5"])
            #expect(try await store.recentChat(roomID: "r1", limit: 0).isEmpty)
            #expect(try await store.recentChat(roomID: "r1", limit: 100).map(\.sequence) == [1, 2, 3, 4, 5])
        }
    }
}
