import Classroom
import Testing

@Suite("Auto-advance")
struct AutoAdvanceTests {
    private func open(_ users: String..., delayMs: Int = 1_000) throws -> Room {
        var room = Room(.init(autoAdvance: true, advanceDelayMs: delayMs))
        for user in users { try room.join(user) }
        try room.startAndOpen(at: 1_000)
        return room
    }

    @Test("when all have answered the question closes, and the next opens a delay later")
    func allAnswered() throws {
        var room = try open("a", "b")
        try room.answer("a", "q1", .index(1), at: 2_000)
        #expect(room.session.phase == .open)
        try room.answer("b", "q1", .index(0), at: 3_000)
        #expect(room.session.phase == .closed)
        #expect(room.wake == 4_000)
        #expect(try room.fireTimer().questions.first?.0.questionId == "q2")
    }

    @Test("when the time is up the question closes, and the next opens")
    func timeUp() throws {
        var room = try open("a")
        #expect(try room.fireTimer().closings.count == 2)
        #expect(room.wake == 32_000)
        #expect(try room.fireTimer().questions.first?.0.questionId == "q2")
    }

    @Test("after the last question the session ends by itself")
    func end() throws {
        var room = try open(delayMs: 0)
        for _ in 0..<3 { try room.fireTimer() }
        #expect(room.session.phase == .ended)
        #expect(room.wake == nil)
    }

    @Test("kicked, disconnected, left and late players keep nobody waiting")
    func whoCounts() throws {
        var room = try open("a", "kicked", "gone", "left")
        try room.join("late", at: 1_500)
        try room.answer("a", "q1", .index(1), at: 2_000)
        try room.apply(.kick(userID: "kicked", by: "host"), at: 2_100)
        try room.apply(.presence(userID: "gone", connected: false), at: 2_200)
        #expect(room.session.phase == .open)
        try room.apply(.leave(userID: "left"), at: 2_300)
        #expect(room.session.phase == .closed)
    }

    @Test("with nobody here only the time closes a question")
    func nobody() throws {
        var room = try open("a")
        try room.apply(.presence(userID: "a", connected: false), at: 2_000)
        #expect(room.session.phase == .open)
    }

    @Test("the class has five seconds to look at the result, if nobody says otherwise")
    func delay() throws {
        var room = Room(.init(autoAdvance: true))
        try room.join("a")
        try room.startAndOpen(at: 1_000)
        try room.answer("a", "q1", .index(1), at: 2_000)
        #expect(room.session.phase == .closed)
        #expect(room.wake == 7_000)
    }

    @Test("without auto-advance the host decides")
    func off() throws {
        var room = Room()
        try room.join("a")
        try room.startAndOpen()
        try room.answer("a", "q1", .index(1), at: 2_000)
        #expect(room.session.phase == .open)
        try room.fireTimer()
        #expect(room.wake == nil)
    }
}
