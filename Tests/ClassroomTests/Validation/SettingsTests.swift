import Classroom
import Testing

@Suite("Settings of a session")
struct SettingsTests {
    private let defaults = SessionSettings(questionDurationMs: 12_345, leadInMs: 7)

    @Test("nothing given: the defaults", arguments: [nil, .null, [:], ["unknown": 1, "pace": nil]] as [Payload?])
    func defaultsStay(_ payload: Payload?) throws {
        #expect(try SessionSettings.parse(payload, defaults: defaults) == defaults)
    }

    @Test("everything given")
    func all() throws {
        let payload: Payload = [
            "pace": "self", "questionDurationMs": "5000", "leadInMs": 0, "autoAdvance": true, "advanceDelayMs": 2_500,
            "revealAnswers": "afterClose",
            "scoring": "accuracy", "lateJoin": false, "extraTime": ["u1": 10_000, "u2": "500"],
        ]
        #expect(
            try SessionSettings.parse(payload, defaults: defaults)
                == SessionSettings(
                    pace: .self, questionDurationMs: 5_000, leadInMs: 0, autoAdvance: true, advanceDelayMs: 2_500,
                    revealAnswers: .afterClose,
                    scoring: .accuracy,
                    lateJoin: false, extraTimeMs: ["u1": 10_000, "u2": 500]))
    }

    @Test(
        "what is out of bounds is named",
        arguments: [
            ("pace", "fast"), ("pace", 1), ("revealAnswers", "never"), ("scoring", ""), ("questionDurationMs", 99),
            ("questionDurationMs", 3_600_001), ("questionDurationMs", 1_000.5), ("questionDurationMs", "long"), ("leadInMs", -1),
            ("leadInMs", 60_001), ("advanceDelayMs", 600_001), ("advanceDelayMs", -1), ("autoAdvance", "yes"), ("autoAdvance", 1),
            ("lateJoin", "true"), ("extraTime", [1]),
            ("extraTime", ["u": -1]), ("extraTime", ["u": 3_600_001]), ("extraTime", ["u": nil]),
        ] as [(String, Payload)])
    func invalid(_ field: String, _ value: Payload) {
        let error = refusal { _ = try SessionSettings.parse(.object([field: value]), defaults: defaults) }
        #expect(error?.code == .invalid)
        #expect(error?.message.hasPrefix("Validation error: \"settings.\(field)\"") == true)
    }

    @Test("the bounds themselves are allowed")
    func bounds() throws {
        for duration in [100, 3_600_000] {
            let settings = try SessionSettings.parse(["questionDurationMs": .number(Double(duration))], defaults: defaults)
            #expect(settings.questionDurationMs == duration)
        }
        let users = (0..<1_000).map { ("u\($0)", Payload.number(1)) }
        #expect(
            try SessionSettings.parse(["extraTime": .object(Dictionary(uniqueKeysWithValues: users))], defaults: defaults).extraTimeMs.count
                == 1_000)
        let over = Dictionary(uniqueKeysWithValues: users + [("one more", 1)])
        #expect(refusal { _ = try SessionSettings.parse(["extraTime": .object(over)], defaults: defaults) }?.code == .invalid)
    }

    @Test("settings must be an object")
    func noObject() {
        #expect(refusal { _ = try SessionSettings.parse("self", defaults: defaults) }?.code == .invalid)
    }
}
