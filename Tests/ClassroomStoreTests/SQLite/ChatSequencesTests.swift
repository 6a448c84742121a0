import Testing

@testable import ClassroomStore

@Suite("Chat sequences")
struct ChatSequencesTests {
    @Test("a room is remembered once it was used, and not any more when it was forgotten")
    func seeding() {
        var sequences = ChatSequences()
        #expect(sequences.last(in: "r") == nil)
        sequences.use(42, in: "r")
        #expect(sequences.last(in: "r") == 42)
        sequences.forget("r")
        #expect(sequences.last(in: "r") == nil)
    }

    @Test("as many rooms are remembered as the limit says; one more and all are asked for anew")
    func limit() {
        var sequences = ChatSequences(maximumRooms: 2)
        for room in ["a", "b"] { sequences.use(10, in: room) }
        sequences.use(11, in: "a")
        #expect(sequences.last(in: "a") == 11)
        #expect(sequences.last(in: "b") == 10)
        sequences.use(1, in: "c")
        #expect(sequences.last(in: "a") == nil)
        #expect(sequences.last(in: "c") == 1)
    }
}
