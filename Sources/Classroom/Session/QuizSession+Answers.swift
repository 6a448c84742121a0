/// The path of an answer: decision, commit, fold.
extension QuizSession {
    mutating func decide(
        _ key: AnswerKey, _ answer: Answer, _ timeSpent: Double?, receivedAt: UnixMilliseconds, _ effects: inout [SessionEffect]
    ) throws(ClassroomError) {
        guard let player = players[key.userID] else { throw QuizSession.notJoined }
        guard !player.record.kicked else { throw QuizSession.removed }
        guard pending[key] == nil else {
            effects.append(.awaitAnswer(key))
            return
        }
        let first = answerResult(for: key, duplicate: true)
        do throws(ClassroomError) {
            let decided = try decided(key, answer, timeSpent, receivedAt: receivedAt, player.record)
            lastAnsweredAt[key.userID] = decided.answeredAt
            pending[key] = decided
            if !player.hasAnswered {
                var player = player
                player.hasAnswered = true
                players.put(player)
            }
            // Stored even if it was given before: its row may have been deleted, and only the store knows.
            effects.append(.storeAnswer(decided))
        } catch {
            guard let first else { throw error }
            effects.append(.reply(.answerResult(first)))
        }
    }

    /// The answer with its points, if it may be given now.
    private func decided(
        _ key: AnswerKey, _ answer: Answer, _ timeSpent: Double?, receivedAt: UnixMilliseconds, _ player: ParticipantRecord
    ) throws(ClassroomError) -> AnswerRecord {
        guard !player.left else { throw QuizSession.notJoined }
        guard let index = questionIndices[key.questionID] else { throw ClassroomError(.notFound, "Question not found") }
        let timing = try timing(of: index, for: player, receivedAt: receivedAt)
        let question = quiz.questions[index]
        let resolved = try AnswerMatching.resolve(answer, for: question)
        let correct = AnswerMatching.isCorrect(resolved, for: question)
        let points = Scoring.points(
            correct: correct, elapsedMs: timing.elapsedMs, durationMs: timing.durationMs,
            scoring: timing.earnsBonus ? record.settings.scoring : .accuracy)
        return AnswerRecord(
            sessionID: record.id, questionID: question.id, userID: key.userID, answer: resolved, correct: correct,
            score: points.score, timeBonus: points.timeBonus, elapsedMs: timing.elapsedMs, timeSpent: timeSpent,
            answeredAt: orderedTime(of: key.userID, receivedAt))
    }

    /// A user's answers have times that rise in the order of their decisions: a session that is loaded again adds them up in the order of
    /// their times, and has to come to the same totals.
    private func orderedTime(of userID: String, _ receivedAt: UnixMilliseconds) -> UnixMilliseconds {
        lastAnsweredAt[userID].map { max(receivedAt, $0 &+ 1) } ?? receivedAt
    }

    private struct Timing {
        var elapsedMs: Int
        var durationMs: Int
        var earnsBonus: Bool
    }

    /// Whether the question may be answered at `receivedAt`, and how long it took.
    private func timing(
        of index: Int, for player: ParticipantRecord, receivedAt: UnixMilliseconds
    ) throws(ClassroomError) -> Timing {
        try requireNotEnded()
        guard phase != .waiting else { throw ClassroomError(.closed, "The session has not started") }
        guard phase != .leadIn else { throw ClassroomError(.closed, "No question is open yet") }
        let durationMs = duration(of: index, for: player.userID)
        if isSelfPaced {
            // The clock of the question that the player has; one that was never sent to them has no bonus to earn.
            let sentAt = player.questionSentAt ?? receivedAt
            let isOwn = player.questionSentAt != nil && ownIndex(player.userID) == index
            return Timing(elapsedMs: Int(max(0, receivedAt - sentAt)), durationMs: durationMs, earnsBonus: isOwn)
        }
        guard index == currentIndex, let opened = record.questionOpenedAt, let deadline = deadline(for: player.userID) else {
            throw ClassroomError(.closed, "This question is not open")
        }
        guard receivedAt <= deadline else { throw ClassroomError(.closed, "The time for this question is over") }
        return Timing(elapsedMs: Int(max(0, receivedAt - opened)), durationMs: durationMs, earnsBonus: true)
    }

    /// Folds in what the store holds now, whatever the phase: it was decided in time.
    mutating func committed(
        _ answer: AnswerRecord, isDuplicate: Bool, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]
    ) {
        let key = answer.key
        let wasPending = pending.removeValue(forKey: key) != nil
        let ownBefore = isSelfPaced ? ownIndex(key.userID) : nil
        // It was given before and stored again: the row of the first one is gone.
        if wasPending, !isDuplicate { unfold(key) }
        // A pending answer that was stored as decided is in the reveal already.
        if !wasPending || isDuplicate { closedReveal = nil }
        let isNew = fold(answer)
        guard let result = answerResult(for: key, duplicate: isDuplicate || !isNew) else { return }
        effects.append(.answered(key, result))
        guard isNew else { return }
        if isRevealed(key.questionID) { effects.append(.leaderboardChanged(final: phase == .ended)) }
        effects.append(.progressChanged)
        if isSelfPaced, phase == .open { sendOwnQuestion(key.userID, isNew: ownIndex(key.userID) != ownBefore, now, &effects) }
        closeIfAllAnswered(now, &effects)
    }

    /// - Returns: False if this user's answer to the question was there before.
    @discardableResult
    mutating func fold(_ answer: AnswerRecord) -> Bool {
        guard sheets[answer.userID, default: AnswerSheet()].append(answer) else { return false }
        answerCount += 1
        lastAnsweredAt[answer.userID] = max(lastAnsweredAt[answer.userID] ?? .min, answer.answeredAt)
        sheets[answer.userID]?.advance(in: quiz.questions)
        guard var player = players[answer.userID] else { return true }
        if isRevealed(answer.questionID) { player.standing.add(answer) }
        player.hasAnswered = true
        if !player.isDone { player.isDone = isDone(answer.userID) }
        players.put(player)
        return true
    }

    private mutating func unfold(_ key: AnswerKey) {
        guard sheets[key.userID]?.contains(key.questionID) == true else { return }
        sheets[key.userID]?.remove(key.questionID)
        sheets[key.userID]?.advance(in: quiz.questions)
        closedReveal = nil
        if var player = players[key.userID] {
            player.isDone = isDone(key.userID)
            players.put(player)
        }
        recomputeStanding(of: key.userID)
    }

    /// The store failed. An answer that was given before still counts.
    mutating func rejected(_ key: AnswerKey, _ effects: inout [SessionEffect]) {
        pending[key] = nil
        closedReveal = nil
        if let first = answerResult(for: key, duplicate: true) { effects.append(.answered(key, first)) }
    }

    /// With auto-advance: closes the question when all who are here, and were here when it opened, have answered.
    mutating func closeIfAllAnswered(_ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        guard record.settings.autoAdvance, phase == .open, currentIndex != nil, record.questionOpenedAt != nil else { return }
        guard players.awaited > 0, players.awaitedAndDone == players.awaited else { return }
        closeCurrent(now, &effects)
        catchUp(now, &effects)
    }

    /// Sends the player's own question. Its clock starts when it is sent for the first time; for an absent player, when they come back.
    mutating func sendOwnQuestion(_ userID: String, isNew: Bool, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        guard var player = players[userID], ownIndex(userID) != nil else { return }
        let isHere = player.isTakingPart && player.isConnected
        if isNew {
            player.record.questionSentAt = isHere ? now : nil
            players.put(player)
            effects.append(.persistParticipant(player.record))
        }
        if isHere { emitOwnQuestion(userID, now, &effects) }
    }

    func emitOwnQuestion(_ userID: String, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        guard let sentAt = players[userID]?.record.questionSentAt, let index = ownIndex(userID) else { return }
        effects.append(.emit(.question(question(index, openedAt: sentAt, for: userID, at: now)), to: .user(userID)))
    }

    /// Sends the results that were held back until the close.
    mutating func revealHeldResults(of questionID: String, _ effects: inout [SessionEffect]) {
        guard record.settings.revealAnswers == .afterClose else { return }
        recomputeStandings()
        for player in players.all() where player.isTakingPart && player.isConnected {
            let key = AnswerKey(questionID: questionID, userID: player.record.userID)
            if let result = answerResult(for: key, duplicate: false) {
                effects.append(.emit(.answerResult(result), to: .user(key.userID)))
            }
        }
    }

    /// Sends all held results after the end of a self-paced session, in one walk through the answers.
    mutating func revealAllHeldResults(_ effects: inout [SessionEffect]) {
        for player in players.all() where player.isTakingPart && player.isConnected {
            for line in sheets[player.record.userID]?.lines ?? [] where questionIndices[line.record.questionID] != nil {
                if let result = answerResult(for: line.record.key, duplicate: false) {
                    effects.append(.emit(.answerResult(result), to: .user(player.record.userID)))
                }
            }
        }
    }

    mutating func recomputeStandings() {
        for player in players.all() { recomputeStanding(of: player.record.userID) }
    }

    mutating func recomputeStanding(of userID: String) {
        var standing = Standing()
        for line in sheets[userID]?.lines ?? [] where isRevealed(line.record.questionID) { standing.add(line.record) }
        guard var player = players[userID], player.standing != standing else { return }
        player.standing = standing
        players.put(player)
    }

    /// The board with the answers that are being stored: at a close they are part of the picture.
    mutating func boardWithPending() -> Leaderboard {
        var added: [String: Standing] = [:]
        for answer in pending.values where isRevealed(answer.questionID) && sheets[answer.userID]?.contains(answer.questionID) != true {
            added[answer.userID, default: players[answer.userID]?.standing ?? Standing()].add(answer)
        }
        return Leaderboard(players.all().filter { !$0.record.kicked }.map { ($0.record, added[$0.record.userID] ?? $0.standing) })
    }
}
