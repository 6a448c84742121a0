import Classroom
import Testing

@Suite("Size and depth of a payload")
struct PayloadBoundsTests {
    private func problem(_ text: String, _ bounds: PayloadBounds = .request) -> ClassroomError? {
        Array(text.utf8).withUnsafeBytes { bounds.problem($0) }
    }

    private func nested(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }

    @Test("sixteen levels pass, seventeen do not; of a quiz 32 pass and 33 do not")
    func depth() {
        #expect(problem(nested(16)) == nil)
        #expect(problem(nested(17))?.code == .invalid)
        #expect(problem(nested(32), .quiz) == nil)
        #expect(problem(nested(33), .quiz)?.code == .invalid)
    }

    @Test("brackets side by side, or within a text, are no levels")
    func notDeep() {
        #expect(problem("[" + String(repeating: "[],", count: 1_000) + "1]") == nil)
        #expect(problem("{\"a\": \"" + String(repeating: "[", count: 100) + "\"}") == nil)
        #expect(problem("{\"a\": \"\\\"" + String(repeating: "{", count: 100) + "\"}") == nil)
        #expect(problem("{\"\\\\\": " + nested(16) + "}")?.code == .invalid)
    }

    @Test("as many bytes as the limit says pass, one more does not")
    func size() {
        #expect(problem(String(repeating: " ", count: 65_536)) == nil)
        #expect(problem(String(repeating: " ", count: 65_537))?.code == .invalid)
    }

    @Test("what ends too early is no danger")
    func truncated() {
        #expect(problem("{\"a\\") == nil)
        #expect(problem("") == nil)
    }
}
