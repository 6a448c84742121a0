import Testing

@testable import ClassroomStore

@Suite("Chat sequences")
struct ChatSequencesTests {
    @Test("the database is asked once a room, and again when the room was forgotten")
    func seeding() {
        var sequences = ChatSequences()
        var asked = 0
        func next() -> Int {
            sequences.next(in: "r") {
                asked += 1
                return 41
            }
        }
        #expect(next() == 42)
        sequences.use(42, in: "r")
        #expect(next() == 43)
        #expect(asked == 1)
        sequences.forget("r")
        #expect(next() == 42)
        #expect(asked == 2)
    }

    @Test("a sequence that was not used is given again")
    func unused() {
        var sequences = ChatSequences()
        #expect(sequences.next(in: "r") { 0 } == 1)
        #expect(sequences.next(in: "r") { 0 } == 1)
    }

    @Test("as many rooms are remembered as the limit says; one more and all are asked for anew")
    func limit() {
        var sequences = ChatSequences(maximumRooms: 2)
        for room in ["a", "b"] { sequences.use(10, in: room) }
        sequences.use(11, in: "a")
        #expect(sequences.next(in: "a") { 0 } == 12)
        #expect(sequences.next(in: "b") { 0 } == 11)
        sequences.use(1, in: "c")
        #expect(sequences.next(in: "a") { 99 } == 100)
        #expect(sequences.next(in: "c") { 99 } == 2)
    }
}
