import Classroom
import NIOConcurrencyHelpers

/// Who is in which chat room, over all sockets and loops. Thread-safe.
final class ChatDirectory: Sendable {
    private let rooms = NIOLockedValueBox<[String: ChatRoom]>([:])
    private let maximumRooms: Int

    init(maximumRooms: Int) { self.maximumRooms = maximumRooms }

    /// Rooms with members.
    var count: Int { rooms.withLockedValue { $0.count } }

    /// One more socket of the user is in the room.
    func join(_ roomID: String, _ user: User) throws(ClassroomError) {
        let refusal: ClassroomError? = rooms.withLockedValue { rooms in
            guard rooms[roomID] != nil || rooms.count < maximumRooms else {
                return ClassroomError(.unavailable, "There are too many chat rooms", retryAfterMs: 10_000)
            }
            do throws(ClassroomError) {
                try rooms[roomID, default: ChatRoom(id: roomID, historyLimit: 0)].join(
                    userID: user.id, username: Nickname.shown(user.username))
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw refusal }
    }

    /// One socket less.
    func leave(_ roomID: String, _ userID: String) {
        rooms.withLockedValue { rooms in
            rooms[roomID]?.leave(userID: userID)
            if rooms[roomID]?.isEmpty == true { rooms[roomID] = nil }
        }
    }

    /// The first members, in the order of joining.
    func members(_ roomID: String, limit: Int) -> [ChatMember] {
        rooms.withLockedValue { Array(($0[roomID]?.members ?? []).prefix(limit)) }
    }
}
