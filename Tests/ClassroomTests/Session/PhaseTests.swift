import Classroom
import Testing

/// A live session in a phase.
enum Stage: String, CaseIterable, Sendable {
    case waiting, leadIn, open, closed, ended

    /// One player `a`; the first question current. Time goes on at 10,000.
    func room(_ pace: SessionSettings.Pace) throws -> Room {
        var room = Room(.init(pace: pace))
        try room.join("a")
        if self == .waiting { return room }
        try room.apply(.start(by: "host"), at: 0)
        if self == .leadIn { return room }
        try room.apply(.tick, at: 1_000)
        if self == .closed { try room.apply(.close(by: "host"), at: 2_000) }
        if self == .ended { try room.apply(.end(by: "host"), at: 2_000) }
        return room
    }
}

@Suite("Every command in every phase")
struct PhaseTests {
    struct Case: Sendable, CustomStringConvertible {
        var command: SessionCommand
        var stage: Stage
        /// Nil: allowed.
        var refusal: ClassroomError.Code?
        var next: SessionPhase

        var description: String { "\(command) in \(stage)" }
    }

    /// Rows: commands; columns: waiting, leadIn, open, closed, ended. What it leads to, or the refusal.
    private static func row(
        _ command: SessionCommand, _ columns: [(ClassroomError.Code?, SessionPhase)]
    ) -> [Case] {
        zip(Stage.allCases, columns).map { Case(command: command, stage: $0, refusal: $1.0, next: $1.1) }
    }

    private static let stay: [(ClassroomError.Code?, SessionPhase)] = [
        (nil, .waiting), (nil, .leadIn), (nil, .open), (nil, .closed), (nil, .ended),
    ]

    private static let answer = SessionCommand.answer(userID: "a", questionID: "q1", answer: .index(1), timeSpent: nil)
    private static let record = AnswerRecord(
        sessionID: "s", questionID: "q1", userID: "a", answer: .index(1), correct: true, score: 100, timeBonus: 0, elapsedMs: 1,
        answeredAt: 1_500)

    static let live: [Case] =
        row(
            .join(userID: "b", name: "b", isNickname: true),
            [(nil, .waiting), (nil, .leadIn), (nil, .open), (nil, .closed), (.closed, .ended)])
        + row(.join(userID: "a", name: "a", isNickname: true), stay)
        + row(.presence(userID: "a", connected: false), stay)
        + row(.leave(userID: "a"), stay)
        + row(.observe(userID: "x"), [(nil, .waiting), (nil, .leadIn), (nil, .open), (nil, .closed), (.closed, .ended)])
        + row(.observe(userID: "a"), stay)
        + row(.observe(userID: "host"), stay)
        + row(.useQuiz(.sample), stay)
        + row(
            .start(by: "host"),
            [(nil, .leadIn), (.conflict, .leadIn), (.conflict, .open), (.conflict, .closed), (.closed, .ended)])
        + row(.next(by: "host"), [(.conflict, .waiting), (nil, .open), (nil, .open), (nil, .open), (.closed, .ended)])
        + row(
            .close(by: "host"), [(.conflict, .waiting), (.conflict, .leadIn), (nil, .closed), (.conflict, .closed), (.closed, .ended)])
        + row(.end(by: "host"), [(nil, .ended), (nil, .ended), (nil, .ended), (nil, .ended), (.closed, .ended)])
        + row(.kick(userID: "a", by: "host"), stay)
        + row(answer, [(.closed, .waiting), (.closed, .leadIn), (nil, .open), (.closed, .closed), (.closed, .ended)])
        + row(.answerCommitted(record), stay)
        + row(.answerDuplicate(record), stay)
        + row(.answerRejected(record.key), stay)
        + row(.vanished, [(nil, .ended), (nil, .ended), (nil, .ended), (nil, .ended), (nil, .ended)])
        + row(.tick, [(nil, .waiting), (nil, .open), (nil, .open), (nil, .closed), (nil, .ended)])
        + row(.resume, [(nil, .waiting), (nil, .open), (nil, .open), (nil, .closed), (nil, .ended)])

    @Test("a live session allows it, or refuses and stays as it was", arguments: live)
    func liveSession(_ one: Case) throws {
        var room = try one.stage.room(.live)
        try check(one, &room)
    }

    /// A self-paced session is never closed.
    static let selfPaced: [Case] = live.filter { $0.stage != .closed }.map { one in
        var one = one
        if one.stage == .leadIn || one.stage == .open {
            switch one.command {
            case .next, .close:
                one.refusal = .conflict
                one.next = one.stage == .open ? .open : .leadIn
            default: break
            }
        }
        return one
    }

    @Test("a self-paced session allows it, or refuses and stays as it was", arguments: selfPaced)
    func selfPacedSession(_ one: Case) throws {
        var room = try one.stage.room(.self)
        try check(one, &room)
    }

    private func check(_ one: Case, _ room: inout Room) throws {
        let before = room.session
        let thrown = refusal { try room.apply(one.command, at: 10_000) }
        #expect(thrown?.code == one.refusal)
        #expect(room.session.phase == one.next)
        #expect(room.session.record.status == one.next.status)
        if thrown != nil {
            #expect(room.session.record == before.record)
            #expect(room.session.participants == before.participants)
            #expect(room.session.boardVersion == before.boardVersion)
        }
    }

    @Test(
        "only the owner leads a session",
        arguments: Stage.allCases,
        [SessionCommand.start(by: "a"), .next(by: "a"), .close(by: "a"), .end(by: "a"), .kick(userID: "a", by: "a")])
    func ownerOnly(_ stage: Stage, _ command: SessionCommand) throws {
        var room = try stage.room(.live)
        #expect(refusal { try room.apply(command, at: 10_000) }?.code == .forbidden)
    }
}
