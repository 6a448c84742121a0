import Classroom
import Testing

/// Seats that are given back, and those that are kept for accounts.
@Suite("Seats of guests")
struct SeatTests {
    private func guest(_ number: Int) -> SessionCommand { .join(userID: "guest-\(number)", name: "Guest \(number)", isNickname: true) }
    private func account(_ name: String) -> SessionCommand { .join(userID: name, name: name, isNickname: false) }
    private func away(_ number: Int) -> SessionCommand { .presence(userID: "guest-\(number)", connected: false) }
    private static let full = ClassroomError(.conflict, "The session is full")
    private static let fullOfGuests = ClassroomError(.conflict, "The session is full, but for those with an account")

    @Test("guests get nine tenths of the seats and accounts the rest: n fit, n + 1 do not")
    func share() throws {
        var room = Room(limits: .init(maximumParticipants: 10))
        for number in 0..<9 { try room.apply(guest(number), at: 0) }
        #expect(refusal { try room.apply(guest(9), at: 1) } == Self.fullOfGuests)
        #expect(refusal { try room.session.requireMayJoin(nickname: "Guest 9") } == Self.fullOfGuests)
        try room.apply(account("ann"), at: 1)
        #expect(refusal { try room.apply(account("ben"), at: 1) } == Self.full)
        #expect(refusal { try room.apply(guest(9), at: 1) } == Self.full)
    }

    @Test("a guest who left or is away without an answer loses the seat to the next player, and comes back as a new one")
    func givenBack() throws {
        var room = Room(limits: .init(maximumParticipants: 10))
        for number in 0..<9 { try room.apply(guest(number), at: 0) }
        try room.apply(.leave(userID: "guest-3"), at: 1)
        // While there is another seat nobody loses theirs.
        try room.apply(account("ann"), at: 1)
        #expect(room.participants.count == 10)
        #expect(try room.apply(guest(9), at: 2).snapshot != nil)
        #expect(room.participants.count == 10)
        #expect(!room.participants.contains { $0.userID == "guest-3" })
        #expect(refusal { try room.apply(guest(3), at: 3) } == Self.full)
        try room.apply(away(5), at: 4)
        #expect(try room.apply(.join(userID: "guest-3", name: "Guest 3", isNickname: true), at: 5).snapshot?.you?.username == "Guest 3")
        #expect(!room.participants.contains { $0.userID == "guest-5" })
        // The same after a restart, when nobody is here yet.
        var again = room.restarted()
        for number in [0, 1, 2, 4, 6, 7, 8, 9, 3] { try again.apply(guest(number), at: 6) }
        try again.apply(account("ann"), at: 6)
        #expect(refusal { try again.apply(guest(5), at: 7) } == Self.full)
    }

    @Test("an account takes such a seat too, and the guests' share is the smaller by it")
    func accounts() throws {
        var room = Room(limits: .init(maximumParticipants: 2))
        for number in 0..<2 { try room.apply(guest(number), at: 0) }
        try room.apply(away(0), at: 1)
        try room.apply(account("ann"), at: 2)
        #expect(room.participants.map(\.userID).sorted() == ["ann", "guest-1"])
        #expect(refusal { try room.apply(guest(2), at: 3) } == Self.full)
    }

    @Test("players who are present, have answered, were removed or have an account keep their seats")
    func kept() throws {
        var room = Room(limits: .init(maximumParticipants: 4))
        for number in 0..<3 { try room.apply(guest(number), at: 0) }
        try room.apply(account("ann"), at: 0)
        try room.apply(.start(by: "host"), at: 1)
        let opened = try #require(room.wake)
        try room.apply(.tick, at: opened)
        let question = try #require(room.session.quiz.questions.first)
        try room.apply(.answer(userID: "guest-0", questionID: question.id, answer: .index(0), timeSpent: nil), at: opened + 1)
        try room.apply(away(0), at: opened + 2)
        try room.apply(.kick(userID: "guest-1", by: "host"), at: opened + 2)
        try room.apply(.leave(userID: "ann"), at: opened + 2)
        #expect(refusal { try room.apply(guest(3), at: opened + 3) } == Self.full)
        #expect(refusal { try room.apply(guest(1), at: opened + 3) }?.code == .forbidden)
        try room.apply(.leave(userID: "guest-2"), at: opened + 4)
        try room.apply(guest(3), at: opened + 5)
        #expect(room.participants.count == 4)
    }
}
