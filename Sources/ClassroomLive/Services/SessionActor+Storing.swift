import Classroom
import Logging
import ClassroomStore

/// The session and the store.
extension SessionActor {
    // MARK: Answers

    func answerStored(_ answer: AnswerRecord, _ result: Result<AnswerOutcome, ClassroomError>) {
        switch result {
        case .success(.stored):
            environment.counters.answers.count()
            apply(.answerCommitted(answer))
        case .success(.duplicate(let first)):
            environment.counters.duplicateAnswers.count()
            apply(.answerDuplicate(first))
        case .success(.sessionVanished): vanish()
        case .failure(.staleEpoch): letGo()
        case .failure(let error):
            apply(.answerRejected(answer.key))
            for call in waiting.removeValue(forKey: answer.key) ?? [] { call.fail(error) }
            // Every other error means that nothing was written. This one may follow a commit whose confirmation was lost.
            guard error == .storeFailed else { return }
            hasDoubtfulAnswers = true
            retryLater(error)
        }
    }

    /// A failed write may have been committed all the same. The answers are read from the store, and the board counts those.
    private func readAnswers() {
        hasDoubtfulAnswers = false
        let (id, store) = (id, environment.store)
        Task { [weak self] in
            let answers = try? await store.answers(sessionID: id)
            self?.post(.answersRead(answers))
        }
    }

    /// - Parameter answers: nil if they could not be read.
    func answersRead(_ answers: [AnswerRecord]?) {
        guard let answers else {
            hasDoubtfulAnswers = true
            return retryLater(.storeFailed)
        }
        for answer in answers where session.answerResult(for: answer.key, duplicate: true) == nil { apply(.answerDuplicate(answer)) }
    }

    /// The first waiting call gets the result as it is, the others get it as a duplicate.
    func answered(_ key: AnswerKey, _ result: AnswerResult) {
        for (index, call) in (waiting.removeValue(forKey: key) ?? []).enumerated() {
            if index > 0 { environment.counters.duplicateAnswers.count() }
            call.succeed(.answerResult(index == 0 ? result : result.duplicated()))
        }
    }

    // MARK: Rows

    /// Every change of phase is durable before any client hears of it.
    func write(_ record: SessionRecord, for call: SessionCall?) {
        let ticket = outbox.ticket()
        outbox.append(.await(SessionOutbox.Write(ticket: ticket, subject: .session, call: call)))
        environment.store.update(record, keepsSettings: hasStoredSettings) { [weak self] in self?.post(.written(ticket: ticket, $0)) }
    }

    /// Queued before the session's own row. If it fails, the copy is made when the quiz is changed in the library.
    func keep(_ quiz: Quiz) {
        let (id, logger) = (id, environment.logger)
        environment.store.keep(quiz, sessionID: id, fence: fence) { result in
            guard case .failure(let error) = result else { return }
            logger.warning("a session's quiz could not be kept", metadata: ["session": "\(id)", "error": "\(error.message)"])
        }
    }

    /// - Parameter holdsBack: true if an answer follows that promises this write.
    func write(_ participant: ParticipantRecord, holdsBack: Bool, for call: SessionCall?) {
        let userID = participant.userID
        guard holdsBack else {
            environment.store.save(participant, fence: fence) { [weak self] in self?.post(.participantWritten(userID, $0)) }
            return
        }
        let ticket = outbox.ticket()
        outbox.append(.await(SessionOutbox.Write(ticket: ticket, subject: .participant(userID), call: call)))
        environment.store.save(participant, fence: fence) { [weak self] in self?.post(.written(ticket: ticket, $0)) }
    }

    /// Queued behind the row that it deletes. If it fails, the row stays, as that of a guest who left.
    func forget(_ participant: ParticipantRecord) {
        unsavedParticipants.remove(participant.userID)
        environment.store.delete(participant, fence: fence) { [weak self] result in
            if case .success(false) = result { self?.post(.participantWritten(participant.userID, result)) }
        }
    }

    /// Ends a write that the outbox waited for.
    func settle(_ write: SessionOutbox.Write, _ result: Result<Bool, ClassroomError>) {
        switch write.subject {
        case .session:
            guard case .failure(let error) = result, error == .storeFailed || error == .storeOverloaded, environment.store.isShared
            else { return sessionWritten(result) }
            hold(write, error)
        case .participant(let userID):
            participantWritten(userID, result)
            guard case .failure(let error) = result, !isRetired, let call = write.call, call.isOpen, call.userID == userID else { return }
            // A join that was not stored fails and may be repeated. A kick takes effect all the same.
            outbox.dropCommand()
            call.fail(error)
            if !roster.isPlaying(userID) { apply(.presence(userID: userID, connected: false)) }
        }
    }

    /// A server that cannot write to a shared store cannot renew its lease either. Another server may decide the same step anew, so no client
    /// hears of this one before it is stored. Callers do not wait for that.
    private func hold(_ write: SessionOutbox.Write, _ error: ClassroomError) {
        for call in outbox.putBack(write) { call.fail(error) }
        retryLater(error)
    }

    /// If a store that is not shared fails, the session goes on and the row is written later.
    func sessionWritten(_ result: Result<Bool, ClassroomError>) {
        switch result {
        case .success(true):
            isSessionUnsaved = false
            hasStoredSettings = true
        case .success(false): vanish()
        case .failure(.staleEpoch): letGo()
        case .failure(let error):
            isSessionUnsaved = true
            retryLater(error)
        }
    }

    func participantWritten(_ userID: String, _ result: Result<Bool, ClassroomError>) {
        switch result {
        case .success(true): unsavedParticipants.remove(userID)
        case .success(false): vanish()
        case .failure(.staleEpoch): letGo()
        case .failure(let error):
            // Somebody else may have the seat by now.
            guard session.participant(userID) != nil else { return }
            unsavedParticipants.insert(userID)
            retryLater(error)
        }
    }

    private func retryLater(_ error: ClassroomError) {
        environment.logger.warning("a session could not be stored", metadata: ["session": "\(id)", "error": "\(error.message)"])
        if timers[.retry] == nil { arm(.retry, at: now + Int64(environment.configuration.storeRetryMs)) }
    }

    /// The latest state of the rows that could not be stored.
    func storeAgain() {
        if let ticket = outbox.takeFailed() {
            environment.store.update(session.record, keepsSettings: hasStoredSettings) { [weak self] in
                self?.post(.written(ticket: ticket, $0))
            }
        }
        if isSessionUnsaved {
            environment.store.update(session.record, keepsSettings: hasStoredSettings) { [weak self] in self?.post(.sessionWritten($0)) }
        }
        if hasDoubtfulAnswers { readAnswers() }
        guard !unsavedParticipants.isEmpty else { return }
        for userID in unsavedParticipants {
            guard let participant = session.participant(userID) else { continue }
            environment.store.save(participant, fence: fence) { [weak self] in self?.post(.participantWritten(userID, $0)) }
        }
    }
}
