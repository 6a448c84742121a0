/// What the host does. The permission itself is checked outside; here it is whether the session is theirs.
extension QuizSession {
    mutating func start(_ userID: String, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) throws(ClassroomError) {
        try requireHost(userID)
        try requireNotEnded()
        guard phase == .waiting else { throw ClassroomError(.conflict, "The session has already started") }
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

    /// The next question at once: a lead-in is cut short, an open question closed. After the last one the session ends.
    mutating func next(_ userID: String, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) throws(ClassroomError) {
        try requireHost(userID)
        try requireLive()
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

    mutating func close(_ userID: String, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) throws(ClassroomError) {
        try requireHost(userID)
        try requireLive()
        guard phase == .open else { throw ClassroomError(.conflict, "No question is open") }
        closeCurrent(now, &effects)
        effects.append(.acknowledge(.questionClosed(closing(record.questionIndex))))
        catchUp(now, &effects)
    }

    mutating func end(_ userID: String, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) throws(ClassroomError) {
        try requireHost(userID)
        try requireNotEnded()
        finish(now, &effects)
        effects.append(.acknowledge(.ended(ending())))
    }

    /// Started, not ended, and with one question at a time.
    private func requireLive() throws(ClassroomError) {
        try requireNotEnded()
        guard phase != .waiting else { throw ClassroomError(.conflict, "The session has not started") }
        guard !isSelfPaced else { throw ClassroomError(.conflict, "A self-paced session has no common question") }
    }
}
