/// The view of each role.
extension QuizSession {
    /// Durable and revealed answers only.
    public func leaderboard() -> Leaderboard {
        Leaderboard(ordered: players.best(players.onBoard))
    }

    /// Rises with every change of the board, restarts included: each of its terms only grows, and all of them are persisted.
    public var boardVersion: Int {
        record.version + answerCount + players.count + players.kicked
    }

    /// The second argument of `quiz:leaderboard` as it is now.
    public var leaderboardSummary: LeaderboardSummary {
        LeaderboardSummary(
            sessionId: record.id, version: boardVersion, final: phase == .ended, players: players.onBoard)
    }

    /// The first entries of the board. Looks at no players behind them.
    public func leaderboardPayload() -> LeaderboardPayload {
        LeaderboardPayload(entries: Leaderboard(ordered: players.best(limits.leaderboardEntries)).entries, summary: leaderboardSummary)
    }

    /// Players here now, and those who answered before they went. Self-paced: `answered` counts those who answered every question.
    public func progress() -> Progress {
        Progress(
            sessionId: record.id, questionId: currentIndex.map { quiz.questions[$0].id }, answered: players.done,
            players: players.present, away: away())
    }

    /// The players on the board who are not connected; nil if there are none.
    private func away() -> [String]? {
        let absent = players.absent(limit: limits.listedAway)
        return absent.isEmpty ? nil : absent
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

    /// The reveal of the question that is current, the same for all; a player's own place is added per player. Kept until an answer or a
    /// player changes it: a player who comes back after the close gets it without a walk through the class.
    mutating func closing(_ index: Int) -> QuestionClosed {
        if let known = closedReveal, known.questionId == quiz.questions[index].id { return known }
        let question = quiz.questions[index]
        var tally = AnswerTally(question: question)
        for player in players.all() where !player.record.kicked {
            let userID = player.record.userID
            // An answer that is being stored was in time: it counts in the picture, and only a failing store could take it back.
            if let record = sheets[userID]?[question.id]?.record ?? pending[AnswerKey(questionID: question.id, userID: userID)] {
                tally.add(record.answer)
            }
        }
        let reveal = closing(index, tally)
        closedReveal = reveal
        return reveal
    }

    /// The reveals of all questions, in one walk through the answers.
    mutating func closings() -> [QuestionClosed] {
        var tallies = quiz.questions.map { AnswerTally(question: $0) }
        for player in players.all() where !player.record.kicked {
            for line in sheets[player.record.userID]?.lines ?? [] {
                if let index = questionIndices[line.record.questionID] { tallies[index].add(line.record.answer) }
            }
        }
        for answer in pending.values where sheets[answer.userID]?.contains(answer.questionID) != true {
            guard let player = players[answer.userID], !player.record.kicked, let index = questionIndices[answer.questionID] else {
                continue
            }
            tallies[index].add(answer.answer)
        }
        return tallies.indices.map { closing($0, tallies[$0]) }
    }

    private func closing(_ index: Int, _ tally: AnswerTally) -> QuestionClosed {
        let question = quiz.questions[index]
        return QuestionClosed(
            sessionId: record.id, questionId: question.id, questionNumber: index + 1, questionCount: quiz.questions.count,
            correctAnswer: question.correctAnswer, distribution: tally.options,
            texts: question.options.isEmpty ? tally.texts(limit: limits.distributionTexts) : nil, answered: tally.answered)
    }

    mutating func playerSnapshot(for player: SessionPlayer, at now: UnixMilliseconds) -> SessionSnapshot {
        let userID = player.record.userID
        var snapshot = snapshot(role: .player, at: now)
        snapshot.you = SessionSnapshot.You(
            userId: userID, username: player.record.username, score: player.standing.points,
            correctAnswers: player.standing.correctAnswers, rank: players.countAhead(of: player.standing) + 1)
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

    mutating func observerSnapshot(isHost: Bool, at now: UnixMilliseconds) -> SessionSnapshot {
        var snapshot = snapshot(role: isHost ? .host : .observer, at: now)
        snapshot.joinCode = record.joinCode
        snapshot.locked = record.isLocked
        if isHost { snapshot.away = away() }
        if phase == .open || phase == .closed, let index = currentIndex, let opened = record.questionOpenedAt {
            snapshot.question = question(index, openedAt: opened, for: nil, at: now)
        }
        return snapshot
    }

    private mutating func snapshot(role: SessionSnapshot.Role, at now: UnixMilliseconds) -> SessionSnapshot {
        var startsIn: Int?
        if phase == .leadIn, let opens = record.questionOpenedAt { startsIn = Int(max(0, opens - now)) }
        var closed: QuestionClosed?
        if phase == .closed, let index = currentIndex { closed = closing(index) }
        return SessionSnapshot(
            sessionId: record.id, title: quiz.title, status: phase.status, phase: phase, pace: record.settings.pace,
            questionCount: quiz.questions.count, players: players.onBoard, role: role, startsInMs: startsIn,
            closed: closed)
    }
}
