/// The passage from phase to phase.
extension QuizSession {
    /// Completes a row that somebody wrote by hand, then catches up.
    mutating func resume(_ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        guard phase.status == .active else { return }
        guard !quiz.questions.isEmpty else {
            finish(now, &effects)
            return
        }
        if isIncomplete {
            if !isSelfPaced, !quiz.questions.indices.contains(record.questionIndex) { record.questionIndex = 0 }
            if record.startedAt == nil { record.startedAt = now }
            openCurrent(now, &effects)
        }
        catchUp(now, &effects)
    }

    /// An active row without a phase, or one whose phase lacks what it needs.
    private var isIncomplete: Bool {
        if record.phase != phase.rawValue || record.questionOpenedAt == nil { return true }
        if isSelfPaced { return phase == .closed }
        if !quiz.questions.indices.contains(record.questionIndex) { return true }
        return phase != .leadIn && record.questionDeadline == nil
    }

    /// Does all that is due by `now`.
    mutating func catchUp(_ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        while let due = nextWake, due <= now {
            switch phase {
            case .leadIn: openCurrent(now, &effects)
            case .open: closeCurrent(now, &effects)
            case .closed: advance(now, &effects)
            case .waiting, .ended: return
            }
        }
    }

    /// Opens the current question, from now: nobody has seen it before, however late the timer is.
    mutating func openCurrent(_ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        record.questionOpenedAt = now
        closedReveal = nil
        longestExtraTime = nil
        guard !isSelfPaced else {
            record.questionDeadline = nil
            enter(.open, &effects)
            recountDone()
            for player in players.all() where player.isTakingPart && player.isConnected {
                sendOwnQuestion(player.record.userID, isNew: true, now, &effects)
            }
            return
        }
        let index = record.questionIndex
        record.questionDeadline = now + Int64(duration(of: index, for: nil))
        enter(.open, &effects)
        recountDone()
        let withExtraTime = record.settings.extraTimeMs.keys.filter { isParticipant($0) && extraTime($0) > 0 }.sorted()
        let common = SessionEvent.question(question(index, openedAt: now, for: nil, at: now))
        effects.append(.emit(common, to: withExtraTime.isEmpty ? .everyone : .everyoneExcept(Set(withExtraTime))))
        for userID in withExtraTime {
            effects.append(.emit(.question(question(index, openedAt: now, for: userID, at: now)), to: .user(userID)))
        }
        effects.append(.progressChanged)
    }

    /// Closes the open question and reveals it. The deadline becomes the moment of the close.
    mutating func closeCurrent(_ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        let index = record.questionIndex
        record.questionDeadline = min(now, closingTime ?? now)
        enter(.closed, &effects)
        revealHeldResults(of: quiz.questions[index].id, &effects)
        let closed = closing(index)
        effects.append(.emit(.questionClosed(closed), to: .watchers))
        let board = boardWithPending()
        for player in players.all() where player.isTakingPart && player.isConnected {
            var own = closed
            own.you = board.standing(of: player.record.userID)
            effects.append(.emit(.questionClosed(own), to: .player(player.record.userID)))
        }
        effects.append(.leaderboardChanged(final: false))
    }

    /// From a closed question to the next, or to the end.
    mutating func advance(_ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        guard record.questionIndex + 1 < quiz.questions.count else {
            finish(now, &effects)
            return
        }
        record.questionIndex += 1
        openCurrent(now, &effects)
    }

    mutating func finish(_ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        if phase == .open, !isSelfPaced { closeCurrent(now, &effects) }
        let revealsAll = isSelfPaced && record.settings.revealAnswers == .afterClose && phase == .open
        record.endedAt = now
        enter(.ended, &effects)
        if record.settings.revealAnswers == .afterClose { recomputeStandings() }
        if revealsAll {
            revealAllHeldResults(&effects)
            for closed in closings() { effects.append(.emit(.questionClosed(closed), to: .everyone)) }
        }
        let ended = ending()
        effects.append(.emit(.ended(ended), to: .watchers))
        let board = boardWithPending()
        for player in players.all() where player.isTakingPart && player.isConnected {
            var own = ended
            own.you = board.standing(of: player.record.userID)
            effects.append(.emit(.ended(own), to: .player(player.record.userID)))
        }
        effects.append(.leaderboardChanged(final: true))
        effects.append(.finished)
    }

    /// Ends quietly: the row was deleted on purpose.
    mutating func vanish(_ effects: inout [SessionEffect]) {
        phase = .ended
        record.status = .ended
        record.phase = nil
        pending = [:]
        effects.append(.finished)
    }

    func ending() -> QuizEnded {
        QuizEnded(
            sessionId: record.id, title: quiz.title, questionCount: quiz.questions.count,
            players: players.onBoard)
    }

    /// Every change of phase is a new version of the row, and persisted before anybody hears of it.
    mutating func enter(_ next: SessionPhase, _ effects: inout [SessionEffect]) {
        if phase == .waiting { effects.append(.keepQuiz(quiz)) }
        phase = next
        record.status = next.status
        record.phase = next.status == .active ? next.rawValue : nil
        record.version += 1
        effects.append(.persistSession(record))
    }
}
