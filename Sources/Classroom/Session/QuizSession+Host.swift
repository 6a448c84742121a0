/// Commands of the host. The permission is checked outside; these check that the session is theirs.
extension QuizSession {
    mutating func start(_ userID: String, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) throws(ClassroomError) {
        try requireMayStart(userID)
        guard !quiz.questions.isEmpty else { throw ClassroomError(.conflict, "The quiz has no questions") }
        record.startedAt = now
        record.questionIndex = isSelfPaced ? -1 : 0
        record.questionOpenedAt = now + leadIn
        record.questionDeadline = nil
        enter(.leadIn, &effects)
        let started = SessionEvent.started(
            QuizStarted(
                sessionId: record.id, title: quiz.title, questionCount: quiz.questions.count, startsInMs: Int(leadIn)))
        effects.append(.emit(started, to: .everyone))
        effects.append(.acknowledge(started))
        catchUp(now, &effects)
    }

    /// Throws unless this user may start the session now, if its quiz has a question.
    public func requireMayStart(_ userID: String) throws(ClassroomError) {
        try requireHost(userID)
        try requireNotEnded()
        guard phase == .waiting else { throw ClassroomError(.conflict, "The session has already started") }
    }

    /// The next question at once: a lead-in is cut short, an open question closed. After the last one the session ends.
    mutating func next(
        _ userID: String, _ seen: String?, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]
    ) throws(ClassroomError) {
        try requireHost(userID)
        try requireLive()
        try requireCurrent(seen)
        switch phase {
        case .leadIn: openCurrent(now, &effects)
        case .open:
            closeCurrent(now, &effects)
            advance(now, &effects)
        default: advance(now, &effects)
        }
        if phase == .ended {
            effects.append(.acknowledge(.ended(ending())))
        } else {
            effects.append(.acknowledge(.question(question(record.questionIndex, openedAt: now, for: nil, at: now))))
        }
    }

    mutating func close(
        _ userID: String, _ seen: String?, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]
    ) throws(ClassroomError) {
        try requireHost(userID)
        try requireLive()
        try requireCurrent(seen)
        guard phase == .open else { throw ClassroomError(.conflict, "No question is open") }
        closeCurrent(now, &effects)
        effects.append(.acknowledge(.questionClosed(closing(record.questionIndex))))
        catchUp(now, &effects)
    }

    mutating func end(
        _ userID: String, _ seen: String?, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]
    ) throws(ClassroomError) {
        try requireHost(userID)
        try requireNotEnded()
        try requireCurrent(seen)
        finish(now, &effects)
        effects.append(.acknowledge(.ended(ending())))
    }

    mutating func lock(_ isLocked: Bool, _ userID: String, _ effects: inout [SessionEffect]) throws(ClassroomError) {
        try requireHost(userID)
        try requireNotEnded()
        if record.isLocked != isLocked {
            record.isLocked = isLocked
            effects.append(.persistSession(record))
        }
        let event = SessionEvent.locked(SessionLocked(sessionId: record.id, locked: isLocked))
        effects.append(.emit(event, to: .host))
        effects.append(.acknowledge(event))
    }

    /// A command that names the question it was meant for does not act on another. Current is the question that is open or was closed last,
    /// and in the lead-in the one that comes. Where there is no common question, in the lobby and at one's own pace, none can have taken its
    /// place.
    func requireCurrent(_ seen: String?) throws(ClassroomError) {
        guard let seen, !isSelfPaced, phase != .waiting, quiz.questions.indices.contains(record.questionIndex) else { return }
        guard quiz.questions[record.questionIndex].id != seen else { return }
        throw ClassroomError(.conflict, "Another question is current")
    }

    /// Throws unless the session has started, has not ended, and plays one question at a time.
    private func requireLive() throws(ClassroomError) {
        try requireNotEnded()
        guard phase != .waiting else { throw ClassroomError(.conflict, "The session has not started") }
        guard !isSelfPaced else { throw ClassroomError(.conflict, "A self-paced session has no common question") }
    }
}
