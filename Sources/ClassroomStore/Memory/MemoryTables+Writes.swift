import Classroom

extension MemoryTables {
    /// Carries out a write whole or not at all.
    /// - Parameter now: the time by which leases end.
    mutating func perform(_ write: StoreWrite, now: UnixMilliseconds) throws(ClassroomError) -> StoreWrite.Outcome {
        switch write {
        case .saveUser(let user): users[user.id] = user
        case .load(let users, let tokens):
            for user in users { self.users[user.id] = user.applied(to: self.users[user.id]) }
            for token in tokens { self.tokens[token.hash] = Token(userID: token.userID, expiresAt: token.expiresAt) }
        case .revokeToken(let hash): return .count(tokens.removeValue(forKey: hash) == nil ? 0 : 1)
        case .revokeTokens(let userID):
            let before = tokens.count
            tokens = tokens.filter { $0.value.userID != userID }
            return .count(before - tokens.count)
        case .deleteExpired(let now, let limit): return .count(deleteExpired(now: now, limit: limit))

        case .createQuiz(let written):
            guard quizzes[written.quiz.id] == nil else { throw .quizExists }
            quizzes[written.quiz.id] = written.quiz
        case .replaceQuiz(let written):
            guard quizzes[written.quiz.id]?.createdBy == written.quiz.createdBy else { return .flag(false) }
            keepBeforeChange(written.quiz.id)
            quizzes[written.quiz.id] = written.quiz
            return .flag(true)
        case .saveQuiz(let written):
            keepBeforeChange(written.quiz.id)
            quizzes[written.quiz.id] = written.quiz
        case .deleteQuiz(let id):
            keepBeforeChange(id)
            return .flag(quizzes.removeValue(forKey: id) != nil)
        case .keepQuiz(let written, let sessionID, let fence):
            guard try passes(fence, sessionID) else { return .flag(false) }
            sessions[sessionID]?.quiz = written.quiz
            return .flag(true)

        case .createSession(let session): try create(session)
        case .updateSession(let session, let keepsSettings): return .flag(try update(session, keepsSettings: keepsSettings))
        case .deleteSession(let id): return .flag(sessions.removeValue(forKey: id) != nil)
        case .acquireLease(let request): return .lease(acquireLease(request, now: now))
        case .renewLeases(let owner, let sessionIDs, let duration):
            return .leases(renew(sessionIDs, owner, until: now + duration.inMilliseconds))
        case .releaseLeases(let owner, let sessionIDs):
            for id in sessionIDs where sessions[id]?.lease?.owner == owner { sessions[id]?.lease?.expiresAt = 0 }

        case .saveParticipant(let participant, let fence):
            guard try passes(fence, participant.sessionID) else { return .flag(false) }
            sessions[participant.sessionID]?.participants[participant.userID] = participant
            return .flag(true)
        case .deleteParticipant(let participant, let fence):
            guard try passes(fence, participant.sessionID) else { return .flag(false) }
            sessions[participant.sessionID]?.participants[participant.userID] = nil
            return .flag(true)
        case .submitAnswer(let answer, let fence): return .answer(try submit(answer, fence))
        case .appendMessage(let message): return .message(append(message))
        case .probe: break
        }
        return .done
    }

    private mutating func deleteExpired(now: UnixMilliseconds, limit: Int) -> Int {
        let expired = tokens.filter { $0.value.expiresAt.map { $0 <= now } ?? false }.keys.prefix(limit)
        for hash in expired { tokens[hash] = nil }
        let holders = Set(tokens.values.map(\.userID))
        let guests = users.values.filter { $0.role == .guest && !holders.contains($0.id) }.prefix(limit)
        for guest in guests { users[guest.id] = nil }
        return expired.count + guests.count
    }

    /// Gives started sessions their own copy of the quiz before it changes.
    private mutating func keepBeforeChange(_ id: String) {
        guard let quiz = quizzes[id] else { return }
        for (sessionID, session) in sessions where session.record.quizID == id && session.record.status != .waiting && session.quiz == nil {
            if session.record.mayPlay(quiz) { sessions[sessionID]?.quiz = quiz }
        }
    }

    // MARK: Sessions

    private mutating func create(_ session: SessionRecord) throws(ClassroomError) {
        guard sessions[session.id] == nil else { throw .sessionExists }
        try checkJoinCode(of: session)
        sessions[session.id] = Session(record: session)
    }

    private mutating func update(_ session: SessionRecord, keepsSettings: Bool) throws(ClassroomError) -> Bool {
        guard try passes(SessionFence(session), session.id) else { return false }
        try checkJoinCode(of: session)
        var session = session
        session.epoch = sessions[session.id]?.record.epoch ?? session.epoch
        if keepsSettings { session.settings = sessions[session.id]?.record.settings ?? session.settings }
        sessions[session.id]?.record = session
        return true
    }

    private func checkJoinCode(of session: SessionRecord) throws(ClassroomError) {
        guard session.status != .ended, let code = session.joinCode, let holder = self.session(joinCode: code) else { return }
        if holder.id != session.id { throw .joinCodeInUse }
    }

    /// Returns false if there is no such session, or if it is another incarnation.
    private func passes(_ fence: SessionFence, _ id: String) throws(ClassroomError) -> Bool {
        guard let session = sessions[id], fence.createdAt == nil || session.record.createdAt == fence.createdAt else { return false }
        if let epoch = fence.epoch, session.record.epoch > epoch { throw .staleEpoch }
        return true
    }

    // MARK: Leases

    private mutating func acquireLease(_ request: StoreWrite.LeaseRequest, now: UnixMilliseconds) -> LeaseOutcome {
        guard var session = sessions[request.sessionID], request.createdAt == nil || session.record.createdAt == request.createdAt else {
            return .sessionVanished
        }
        if let lease = session.lease, lease.owner != request.owner, lease.expiresAt > now, !request.takesOver { return .held(lease) }
        if session.lease?.owner != request.owner { session.record.epoch += 1 }
        let lease = SessionLease(
            owner: request.owner, epoch: session.record.epoch, expiresAt: now + request.duration.inMilliseconds)
        session.lease = lease
        sessions[request.sessionID] = session
        return .granted(lease)
    }

    private mutating func renew(_ sessionIDs: [String], _ owner: String, until expiry: UnixMilliseconds) -> [String: SessionLease] {
        var leases: [String: SessionLease] = [:]
        for id in sessionIDs where sessions[id]?.lease?.owner == owner {
            sessions[id]?.lease?.expiresAt = expiry
            leases[id] = sessions[id]?.lease
        }
        return leases
    }

    // MARK: Answers and messages

    private mutating func submit(_ answer: AnswerRecord, _ fence: SessionFence) throws(ClassroomError) -> AnswerOutcome {
        guard try passes(fence, answer.sessionID) else { return .sessionVanished }
        let key = AnswerKey(questionID: answer.questionID, userID: answer.userID)
        if let first = sessions[answer.sessionID]?.answers[key] { return .duplicate(first) }
        sessions[answer.sessionID]?.answers[key] = answer
        return .stored
    }

    private mutating func append(_ message: ChatMessage) -> ChatMessage {
        let sent = message.clientID.map { SentMessage(roomID: message.roomID, userID: message.userID, clientID: $0) }
        if let sent, let first = sentMessages[sent] { return first }
        var message = message
        message.sequence = (rooms[message.roomID]?.last?.sequence ?? 0) + 1
        rooms[message.roomID, default: []].append(message)
        if let sent { sentMessages[sent] = message }
        return message
    }
}
