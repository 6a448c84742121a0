import Classroom
import NIOConcurrencyHelpers

/// The members of each chat room, counted over all sockets and loops. Thread-safe.
final class ChatDirectory: Sendable {
    private struct State {
        var rooms: [String: ChatRoom] = [:]
        /// Different rooms by user.
        var memberships: FairShare<String>
        /// Rooms that a guest opened.
        var roomsOfGuests: Set<String> = []
        /// The price of a join, for rooms in which it is more than one. Kept when the members have gone: the history stays long.
        var prices: [String: Int] = [:]
    }

    private let state: NIOLockedValueBox<State>
    private let maximumRooms: Int
    private let maximumGuestRooms: Int
    private let maximumMembers: Int
    private let bytesPerJoin: Int

    /// - Parameter bytesPerJoin: the length of an answer to one join. A longer answer costs as much as several joins.
    init(maximumRooms: Int, maximumRoomsPerUser: Int = .max, maximumMembers: Int = 10_000, bytesPerJoin: Int = .max) {
        self.bytesPerJoin = max(1, bytesPerJoin)
        self.maximumRooms = maximumRooms
        self.maximumMembers = maximumMembers
        maximumGuestRooms = max(1, maximumRooms / 20)
        state = NIOLockedValueBox(State(memberships: FairShare(capacity: .max, maximumPerKey: maximumRoomsPerUser)))
    }

    /// Rooms with members.
    var count: Int { state.withLockedValue { $0.rooms.count } }

    /// Adds one more socket of the user to the room.
    func join(_ roomID: String, _ user: User) throws(ClassroomError) {
        let refusal = state.withLockedValue { state -> ClassroomError? in
            do throws(ClassroomError) {
                try join(roomID, user, &state)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw refusal }
    }

    private func join(_ roomID: String, _ user: User, _ state: inout State) throws(ClassroomError) {
        let isNew = state.rooms[roomID] == nil
        guard !isNew || state.rooms.count < maximumRooms else {
            throw ClassroomError(.unavailable, "There are too many chat rooms", retryAfterMs: 10_000)
        }
        let isMember = state.rooms[roomID]?.isMember(user.id) ?? false
        // A new guest costs nothing, so all guests share one limit.
        if isNew, user.role == .guest, state.roomsOfGuests.count >= maximumGuestRooms {
            throw ClassroomError(.unavailable, "Guests are in too many chat rooms", retryAfterMs: 10_000)
        }
        if !isMember, state.memberships.take(for: user.id) != nil {
            throw ClassroomError(.conflict, "You are in too many chat rooms")
        }
        do {
            try state.rooms[roomID, default: ChatRoom(id: roomID, maximumMembers: maximumMembers)]
                .join(userID: user.id, username: Nickname.shown(user.username))
        } catch {
            if !isMember { state.memberships.give(for: user.id) }
            throw error
        }
        if isNew, user.role == .guest { state.roomsOfGuests.insert(roomID) }
    }

    /// Removes one socket of the user from the room.
    func leave(_ roomID: String, _ userID: String) {
        state.withLockedValue { state in
            guard state.rooms[roomID]?.leave(userID: userID) == true else { return }
            state.memberships.give(for: userID)
            if state.rooms[roomID]?.isEmpty == true {
                state.rooms[roomID] = nil
                state.roomsOfGuests.remove(roomID)
            }
        }
    }

    /// The first members, in the order of joining.
    func members(_ roomID: String, limit: Int) -> [ChatMember] {
        state.withLockedValue { $0.rooms[roomID]?.firstMembers(limit) ?? [] }
    }

    // MARK: Prices

    /// How many joins one of this room counts as, by the length of the last answer.
    func price(of roomID: String) -> Int { state.withLockedValue { $0.prices[roomID] ?? 1 } }

    /// Records the length of an answer to a join.
    ///
    /// - Returns: how many joins it counts as.
    @discardableResult
    func answered(_ roomID: String, bytes: Int) -> Int {
        let price = bytes <= bytesPerJoin ? nil : (bytes - 1) / bytesPerJoin + 1
        state.withLockedValue { state in
            if price != nil, state.prices[roomID] == nil, state.prices.count >= maximumRooms, let other = state.prices.keys.first {
                state.prices[other] = nil
            }
            state.prices[roomID] = price
        }
        return price ?? 1
    }
}
