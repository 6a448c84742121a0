/// What each role gets to see.
extension QuizSession {
    /// Durable and revealed answers only.
    public func leaderboard() -> Leaderboard {
        Leaderboard(
            orderedPlayers.filter { !$0.record.kicked }.map { ($0.record.userID, $0.record.username, $0.standing) })
    }

    /// Rises with every change of the board, restarts included: each of its terms only grows, and all of them are persisted.
    public var boardVersion: Int {
        record.version + answerCount + players.count + players.values.count { $0.record.kicked }
    }

    public func leaderboardPayload() -> LeaderboardPayload {
        let board = leaderboard()
        return LeaderboardPayload(
            entries: board.top(limits.leaderboardEntries),
            summary: LeaderboardSummary(
                sessionId: record.id, version: boardVersion, final: phase == .ended, players: board.entries.count))
    }

    /// Players here now, and those who answered before they went. Self-paced: `answered` counts those who answered every question.
    public func progress() -> Progress {
        let questionID = currentIndex.map { quiz.questions[$0].id }
        var answered = 0
        var present = 0
        for player in players.values where player.isTakingPart {
            let done: Bool
            if isSelfPaced {
                done = ownIndex(player.record.userID) == nil
            } else {
                done = questionID.map { sheets[player.record.userID]?.contains($0) == true } ?? false
            }
            if done { answered += 1 }
            if done || player.isConnected { present += 1 }
        }
        return Progress(sessionId: record.id, questionId: questionID, answered: answered, players: present, away: away())
    }

    /// Those on the board who are not here; nil: none.
    private func away() -> [String]? {
        var absent: [SessionPlayer] = []
        for player in players.values where !player.record.kicked && !player.isConnected { absent.append(player) }
        guard !absent.isEmpty else { return nil }
        return absent.sorted { $0.order < $1.order }.prefix(limits.listedAway).map(\.record.userID)
    }

    /// The result of a durable answer as its player may see it now.
    public func answerResult(for key: AnswerKey, duplicate: Bool) -> AnswerResult? {
        guard let line = sheets[key.userID]?[key.questionID] else { return nil }
        var result = AnswerResult(sessionId: record.id, questionId: key.questionID)
        if isRevealed(key.questionID) {
            result.correct = line.record.correct
            result.score = line.record.score
            result.timeBonus = line.record.timeBonus
            result.totalScore = line.totalScore
        } else {
            result.pending = true
        }
        return duplicate ? result.duplicated() : result
    }

    func question(_ index: Int, openedAt: UnixMilliseconds, for userID: String?, at now: UnixMilliseconds) -> QuestionPayload {
        let question = quiz.questions[index]
        let duration = duration(of: index, for: userID)
        var deadline = openedAt + Int64(duration)
        if phase == .closed, let closed = record.questionDeadline { deadline = min(deadline, closed) }
        return QuestionPayload(
            sessionId: record.id, questionId: question.id, questionNumber: index + 1, questionCount: quiz.questions.count,
            question: question.question, options: question.options,
            multiple: AnswerMatching.wantsSeveral(question) ? true : nil, durationMs: duration, deadline: deadline,
            remainingMs: Int(max(0, deadline - now)))
    }

    /// The reveal of a question, the same for all; a player's own place is added per player.
    func closing(_ index: Int) -> QuestionClosed {
        let question = quiz.questions[index]
        var tally = AnswerTally(question: question)
        for player in orderedPlayers where !player.record.kicked {
            let userID = player.record.userID
            // An answer that is being stored was in time: it counts in the picture, and only a failing store could take it back.
            if let record = sheets[userID]?[question.id]?.record ?? pending[AnswerKey(questionID: question.id, userID: userID)] {
                tally.add(record.answer)
            }
        }
        return QuestionClosed(
            sessionId: record.id, questionId: question.id, questionNumber: index + 1, questionCount: quiz.questions.count,
            correctAnswer: question.correctAnswer, distribution: tally.options,
            texts: question.options.isEmpty ? tally.texts(limit: limits.distributionTexts) : nil, answered: tally.answered)
    }

    func playerSnapshot(for player: SessionPlayer, at now: UnixMilliseconds) -> SessionSnapshot {
        let userID = player.record.userID
        var snapshot = snapshot(role: .player, at: now)
        // Counted rather than looked up: a class joins within seconds, and each join would sort the whole board.
        let ahead = players.values.count { !$0.record.kicked && $0.standing.isAhead(of: player.standing) }
        snapshot.you = SessionSnapshot.You(
            userId: userID, username: player.record.username, score: player.standing.points,
            correctAnswers: player.standing.correctAnswers, rank: ahead + 1)
        if isSelfPaced {
            if phase == .open, let index = ownIndex(userID), let sentAt = player.record.questionSentAt {
                snapshot.question = question(index, openedAt: sentAt, for: userID, at: now)
            }
        } else if phase == .open || phase == .closed, let index = currentIndex, let opened = record.questionOpenedAt {
            snapshot.question = question(index, openedAt: opened, for: userID, at: now)
            snapshot.answer = answerResult(for: AnswerKey(questionID: quiz.questions[index].id, userID: userID), duplicate: false)
        }
        return snapshot
    }

    func observerSnapshot(isHost: Bool, at now: UnixMilliseconds) -> SessionSnapshot {
        var snapshot = snapshot(role: isHost ? .host : .observer, at: now)
        snapshot.joinCode = record.joinCode
        snapshot.locked = record.isLocked
        if isHost { snapshot.away = away() }
        if phase == .open || phase == .closed, let index = currentIndex, let opened = record.questionOpenedAt {
            snapshot.question = question(index, openedAt: opened, for: nil, at: now)
        }
        return snapshot
    }

    private func snapshot(role: SessionSnapshot.Role, at now: UnixMilliseconds) -> SessionSnapshot {
        var startsIn: Int?
        if phase == .leadIn, let opens = record.questionOpenedAt { startsIn = Int(max(0, opens - now)) }
        return SessionSnapshot(
            sessionId: record.id, title: quiz.title, status: phase.status, phase: phase, pace: record.settings.pace,
            questionCount: quiz.questions.count, players: players.values.count { !$0.record.kicked }, role: role, startsInMs: startsIn,
            closed: phase == .closed ? currentIndex.map(closing) : nil)
    }
}
