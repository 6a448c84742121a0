import Classroom
import CoreTestSupport
import Testing

@Suite("A chat room")
struct ChatRoomTests {
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

    @Test("the members are listed in the order of joining, whoever has left and come back", arguments: 0..<5)
    func order(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var room = ChatRoom(id: "r")
        var expected: [String] = []
        for _ in 0..<2_000 {
            let user = "u\(Int.random(in: 0..<300, using: &random))"
            if let index = expected.firstIndex(of: user) {
                expected.remove(at: index)
                #expect(room.leave(userID: user) == true)
            } else {
                expected.append(user)
                #expect(try room.join(userID: user, username: user))
            }
            let limit = Int.random(in: 0..<200, using: &random)
            #expect(room.firstMembers(limit).map(\.userId) == Array(expected.prefix(limit)))
        }
        #expect(room.members.map(\.userId) == expected)
    }

    @Test("only members may write")
    func membership() throws {
        var room = ChatRoom(id: "r")
        #expect(refusal { try room.requireMember("a") }?.code == .forbidden)
        try room.join(userID: "a", username: "Ann")
        try room.requireMember("a")
    }

    @Test("n members fit, n + 1 do not")
    func full() throws {
        var room = ChatRoom(id: "r", maximumMembers: 2)
        try room.join(userID: "a", username: "a")
        try room.join(userID: "b", username: "b")
        #expect(refusal { try room.join(userID: "c", username: "c") }?.code == .conflict)
        #expect(try !room.join(userID: "a", username: "a"))
    }
}
