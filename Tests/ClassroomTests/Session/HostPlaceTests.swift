import Classroom
import Testing

/// A host's command acts on the question that the host saw, and on no other.
@Suite("A command says from where")
struct HostPlaceTests {
    private func opened() throws -> Room {
        var room = Room()
        try room.join("a", "b")
        try room.startAndOpen()
        return room
    }

    @Test("pressed twice, next opens one question and not two")
    func doubleNext() throws {
        var room = try opened()
        try room.apply(.next(by: "host", seen: "q1"), at: 2_000)
        #expect(refusal { try room.apply(.next(by: "host", seen: "q1"), at: 2_001) }?.code == .conflict)
        #expect(room.session.progress().questionId == "q2")
    }

    @Test("a closed question stays the current one: two devices that press next open one question")
    func afterTheClose() throws {
        var room = try opened()
        try room.apply(.close(by: "host", seen: "q1"), at: 2_000)
        try room.apply(.next(by: "host", seen: "q1"), at: 3_000)
        #expect(refusal { try room.apply(.next(by: "host", seen: "q1"), at: 3_001) }?.code == .conflict)
        #expect(refusal { try room.apply(.close(by: "host", seen: "q1"), at: 3_002) }?.code == .conflict)
        #expect(room.session.phase == .open)
    }

    @Test(
        "every command that can name a question is refused for another, and changes nothing",
        arguments: [
            SessionCommand.next(by: "host", seen: "q2"), .close(by: "host", seen: "q2"), .end(by: "host", seen: "q3"),
            .kick(userID: "a", by: "host", seen: "q2"), .next(by: "host", seen: "no such question"),
        ])
    func refused(_ command: SessionCommand) throws {
        var room = try opened()
        let before = room.session.record
        #expect(refusal { try room.apply(command, at: 2_000) }?.code == .conflict)
        #expect(room.session.record == before)
        #expect(!room.session.isKicked("a"))
    }

    @Test("in the lead-in the question that comes is the current one")
    func leadIn() throws {
        var room = Room()
        try room.apply(.start(by: "host"), at: 0)
        #expect(refusal { try room.apply(.next(by: "host", seen: "q2"), at: 10) }?.code == .conflict)
        try room.apply(.next(by: "host", seen: "q1"), at: 20)
        #expect(room.session.phase == .open)
    }

    @Test("in the lobby and at one's own pace no question can have taken its place")
    func withoutACommonQuestion() throws {
        var lobby = Room()
        try lobby.join("a")
        try lobby.apply(.kick(userID: "a", by: "host", seen: "q1"), at: 0)
        #expect(lobby.session.isKicked("a"))
        var own = Room(.init(pace: .self))
        try own.join("a")
        try own.startAndOpen()
        try own.apply(.end(by: "host", seen: "q3"), at: 2_000)
        #expect(own.session.phase == .ended)
    }

    @Test("without a question a command acts as it always did")
    func without() throws {
        var room = try opened()
        try room.apply(.next(by: "host"), at: 2_000)
        try room.apply(.end(by: "host"), at: 3_000)
        #expect(room.session.phase == .ended)
    }
}
