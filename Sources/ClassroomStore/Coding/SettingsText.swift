import Classroom
import JSONCore

extension SessionRecord {
    /// A version that was written by hand leaves room for as many changes as a session can have.
    static func version(read version: Int?) -> Int { min(max(version ?? 0, 0), 1 << 30) }
}

/// The `settings` column. Settings that are missing or unreadable are taken from `defaults`. A time above the maximum becomes the maximum.
enum SettingsText {
    static func text(_ settings: SessionSettings) -> String {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.field("advanceDelayMs", settings.advanceDelayMs)
                writer.field("autoAdvance", settings.autoAdvance)
                writer.key("extraTime")
                writer.object { writer in
                    for (userID, milliseconds) in settings.extraTimeMs.sorted(by: { $0.key < $1.key }) {
                        writer.field(userID, milliseconds)
                    }
                }
                writer.field("lateJoin", settings.lateJoin)
                writer.field("leadInMs", settings.leadInMs)
                writer.field("pace", settings.pace.rawValue)
                writer.field("questionDurationMs", settings.questionDurationMs)
                writer.field("revealAnswers", settings.revealAnswers.rawValue)
                writer.field("scoring", settings.scoring.rawValue)
            }
        }
    }

    static func settings(_ text: String?, defaults: SessionSettings) -> SessionSettings {
        guard let json = JSONText.parse(text) else { return defaults }
        var settings = defaults
        if let pace = json["pace"]?.string.flatMap(SessionSettings.Pace.init) { settings.pace = pace }
        if let duration = json["questionDurationMs"]?.wholeNumber, duration > 0 {
            settings.questionDurationMs = min(duration, SessionSettings.questionDurationRange.upperBound)
        }
        if let leadIn = json["leadInMs"]?.wholeNumber, leadIn >= 0 {
            settings.leadInMs = min(leadIn, SessionSettings.leadInRange.upperBound)
        }
        if let delay = json["advanceDelayMs"]?.wholeNumber, delay >= 0 {
            settings.advanceDelayMs = min(delay, SessionSettings.advanceDelayRange.upperBound)
        }
        if let advance = json["autoAdvance"]?.bool { settings.autoAdvance = advance }
        if let reveal = json["revealAnswers"]?.string.flatMap(SessionSettings.Reveal.init) { settings.revealAnswers = reveal }
        if let scoring = json["scoring"]?.string.flatMap(SessionSettings.Scoring.init) { settings.scoring = scoring }
        if let lateJoin = json["lateJoin"]?.bool { settings.lateJoin = lateJoin }
        // Earlier versions wrote the second name.
        if let extra = json["extraTime"] ?? json["extraTimeMs"], extra.kind == .object {
            settings.extraTimeMs = [:]
            for (userID, milliseconds) in extra.members {
                settings.extraTimeMs[userID] = milliseconds.wholeNumber.map(extraTime)
            }
        }
        return settings
    }

    private static func extraTime(_ milliseconds: Int) -> Int {
        let range = SessionSettings.extraTimeRange
        return min(max(milliseconds, range.lowerBound), range.upperBound)
    }
}
