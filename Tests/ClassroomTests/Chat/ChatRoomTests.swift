import Classroom
import Testing

@Suite("A chat room")
struct ChatRoomTests {
    private func message(_ sequence: Int) -> ChatMessage {
        ChatMessage(id: "m\(sequence)", roomID: "r", userID: "u", username: "u", content: "\(sequence)", sentAt: 0, sequence: sequence)
    }

    @Test("a user is a member as long as one socket is in the room")
    func sockets() throws {
        var room = ChatRoom(id: "r")
        #expect(try room.join(userID: "a", username: "Ann"))
        #expect(try !room.join(userID: "a", username: "Ann"))
        #expect(try room.join(userID: "b", username: "Ben"))
        #expect(room.members == [ChatMember(userId: "a", username: "Ann"), ChatMember(userId: "b", username: "Ben")])
        #expect(room.leave(userID: "a") == false)
        #expect(room.isMember("a"))
        #expect(room.leave(userID: "a") == true)
        #expect(!room.isMember("a"))
        #expect(room.leave(userID: "a") == false)
        #expect(room.leave(userID: "b") == true)
        #expect(room.isEmpty)
    }

    @Test("only members may write")
    func membership() throws {
        var room = ChatRoom(id: "r")
        #expect(refusal { try room.requireMember("a") }?.code == .forbidden)
        try room.join(userID: "a", username: "Ann")
        try room.requireMember("a")
    }

    @Test("n members fit, n + 1 don't")
    func full() throws {
        var room = ChatRoom(id: "r", maximumMembers: 2)
        try room.join(userID: "a", username: "a")
        try room.join(userID: "b", username: "b")
        #expect(refusal { try room.join(userID: "c", username: "c") }?.code == .conflict)
        #expect(try !room.join(userID: "a", username: "a"))
    }

    @Test("the history has the newest n, in the order of their numbers")
    func history() {
        var room = ChatRoom(id: "r", history: [message(1), message(2)], historyLimit: 3)
        #expect(room.lastSequence == 2)
        #expect(room.append(message(3)) == true)
        #expect(room.history.map(\.sequence) == [1, 2, 3])
        #expect(room.append(message(5)) == true)
        #expect(room.history.map(\.sequence) == [2, 3, 5])
    }

    @Test("a number never comes twice and never goes back")
    func sequence() {
        var room = ChatRoom(id: "r", history: [message(4)])
        #expect(room.append(message(4)) == false)
        #expect(room.append(message(3)) == false)
        #expect(room.append(message(6)) == true)
        #expect(room.history.map(\.sequence) == [4, 6])
    }
}
