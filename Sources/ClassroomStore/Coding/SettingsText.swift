import Classroom

/// The `settings` column. What it does not say, or says in a way that cannot be read, is as in `defaults`; a time that is longer than any that
/// one may ask for is the longest.
enum SettingsText {
    static func text(_ settings: SessionSettings) -> String {
        JSONText.text(
            .object([
                "pace": .string(settings.pace.rawValue),
                "questionDurationMs": .number(Double(settings.questionDurationMs)),
                "leadInMs": .number(Double(settings.leadInMs)),
                "autoAdvance": .bool(settings.autoAdvance),
                "advanceDelayMs": .number(Double(settings.advanceDelayMs)),
                "revealAnswers": .string(settings.revealAnswers.rawValue),
                "scoring": .string(settings.scoring.rawValue),
                "lateJoin": .bool(settings.lateJoin),
                "extraTime": .object(settings.extraTimeMs.mapValues { .number(Double($0)) }),
            ]))
    }

    static func settings(_ text: String?, defaults: SessionSettings) -> SessionSettings {
        guard let payload = JSONText.parse(text) else { return defaults }
        var settings = defaults
        if let pace = payload["pace"]?.string.flatMap(SessionSettings.Pace.init) { settings.pace = pace }
        if let duration = payload["questionDurationMs"]?.integer, duration > 0 {
            settings.questionDurationMs = min(duration, SessionSettings.questionDurationRange.upperBound)
        }
        if let leadIn = payload["leadInMs"]?.integer, leadIn >= 0 {
            settings.leadInMs = min(leadIn, SessionSettings.leadInRange.upperBound)
        }
        if let delay = payload["advanceDelayMs"]?.integer, delay >= 0 {
            settings.advanceDelayMs = min(delay, SessionSettings.advanceDelayRange.upperBound)
        }
        if let advance = payload["autoAdvance"]?.bool { settings.autoAdvance = advance }
        if let reveal = payload["revealAnswers"]?.string.flatMap(SessionSettings.Reveal.init) { settings.revealAnswers = reveal }
        if let scoring = payload["scoring"]?.string.flatMap(SessionSettings.Scoring.init) { settings.scoring = scoring }
        if let lateJoin = payload["lateJoin"]?.bool { settings.lateJoin = lateJoin }
        // The second is the name that earlier versions wrote.
        if case .object(let extra) = payload["extraTime"] ?? payload["extraTimeMs"] {
            settings.extraTimeMs = extra.compactMapValues(\.integer).mapValues(extraTime)
        }
        return settings
    }

    private static func extraTime(_ milliseconds: Int) -> Int {
        let range = SessionSettings.extraTimeRange
        return min(max(milliseconds, range.lowerBound), range.upperBound)
    }
}
