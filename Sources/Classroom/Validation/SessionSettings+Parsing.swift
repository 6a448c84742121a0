extension SessionSettings {
    /// In milliseconds. A question that nobody could read in time is a mistake; an hour is enough for any.
    public static let questionDurationRange = 100...3_600_000
    public static let leadInRange = 0...60_000
    public static let advanceDelayRange = 0...600_000
    public static let extraTimeRange = 0...3_600_000
    public static let maximumExtraTimeEntries = 1_000

    /// The `settings` of `quiz:create_session`: what is absent or null is as in `defaults`, unknown fields are ignored.
    public static func parse(_ payload: Payload?, defaults: SessionSettings) throws(ClassroomError) -> SessionSettings {
        guard let payload, !payload.isNull else { return defaults }
        guard payload.object != nil else { throw invalid("settings", "must be an object") }
        var settings = defaults
        if let pace: Pace = try choice("pace", in: payload, ["live", "self"]) { settings.pace = pace }
        if let reveal: Reveal = try choice("revealAnswers", in: payload, ["immediately", "afterClose"]) { settings.revealAnswers = reveal }
        if let scoring: Scoring = try choice("scoring", in: payload, ["speed", "accuracy"]) { settings.scoring = scoring }
        if let duration = try whole("questionDurationMs", in: payload, questionDurationRange) { settings.questionDurationMs = duration }
        if let leadIn = try whole("leadInMs", in: payload, leadInRange) { settings.leadInMs = leadIn }
        if let delay = try whole("advanceDelayMs", in: payload, advanceDelayRange) { settings.advanceDelayMs = delay }
        if let autoAdvance = try flag("autoAdvance", in: payload) { settings.autoAdvance = autoAdvance }
        if let lateJoin = try flag("lateJoin", in: payload) { settings.lateJoin = lateJoin }
        if let extraTime = try extraTime(in: payload) { settings.extraTimeMs = extraTime }
        return settings
    }

    private static func extraTime(in payload: Payload) throws(ClassroomError) -> [String: Int]? {
        guard let value = field("extraTime", in: payload) else { return nil }
        guard let members = value.object, members.count <= maximumExtraTimeEntries else {
            throw invalid("settings.extraTime", "must be an object of at most \(maximumExtraTimeEntries) users and their milliseconds")
        }
        var result: [String: Int] = [:]
        for (userID, milliseconds) in members {
            guard let extra = milliseconds.int, extraTimeRange.contains(extra) else {
                throw invalid(
                    "settings.extraTime",
                    "must be between \(extraTimeRange.lowerBound) and \(extraTimeRange.upperBound) milliseconds per user")
            }
            result[userID] = extra
        }
        return result
    }

    private static func field(_ name: String, in payload: Payload) -> Payload? {
        guard let value = payload[name], !value.isNull else { return nil }
        return value
    }

    private static func choice<Choice: RawRepresentable<String>>(
        _ name: String, in payload: Payload, _ choices: [String]
    ) throws(ClassroomError) -> Choice? {
        guard let value = field(name, in: payload) else { return nil }
        guard let text = value.string, text.utf8.count <= 64, let choice = Choice(rawValue: text) else {
            throw invalid("settings.\(name)", "must be " + choices.map { "\"\($0)\"" }.joined(separator: " or "))
        }
        return choice
    }

    private static func whole(_ name: String, in payload: Payload, _ range: ClosedRange<Int>) throws(ClassroomError) -> Int? {
        guard let value = field(name, in: payload) else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw invalid("settings.\(name)", "must be a whole number between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    private static func flag(_ name: String, in payload: Payload) throws(ClassroomError) -> Bool? {
        guard let value = field(name, in: payload) else { return nil }
        guard let flag = value.bool else { throw invalid("settings.\(name)", "must be true or false") }
        return flag
    }

    private static func invalid(_ name: String, _ problem: String) -> ClassroomError {
        ClassroomError(.invalid, "Validation error: \"\(name)\" \(problem)")
    }
}
