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
            // Any other refusal says that nothing was written. This one may come after a commit whose confirmation was lost.
            guard error == .storeFailed else { return }
            hasDoubtfulAnswers = true
            retryLater(error)
        }
    }

    /// Whether answers that failed were stored all the same is for the store to tell: the board counts what it holds.
    private func readAnswers() {
        hasDoubtfulAnswers = false
        let (id, store) = (id, environment.store)
        Task { [weak self] in
            let answers = try? await store.answers(sessionID: id)
            self?.post(.answersRead(answers))
        }
    }

    /// - Parameter answers: nil: they could not be read.
    func answersRead(_ answers: [AnswerRecord]?) {
        guard let answers else {
            hasDoubtfulAnswers = true
            return retryLater(.storeFailed)
        }
        for answer in answers where session.answerResult(for: answer.key, duplicate: true) == nil { apply(.answerDuplicate(answer)) }
    }

    /// The first who waits gets the result as it is, the others that theirs was not the first.
    func answered(_ key: AnswerKey, _ result: AnswerResult) {
        for (index, call) in (waiting.removeValue(forKey: key) ?? []).enumerated() {
            if index > 0 { environment.counters.duplicateAnswers.count() }
            call.succeed(.answerResult(index == 0 ? result : result.duplicated()))
        }
    }

    // MARK: Rows

    /// Every change of phase is durable before anybody hears of it.
    func write(_ record: SessionRecord, for call: SessionCall?) {
        let ticket = outbox.ticket()
        outbox.append(.await(SessionOutbox.Write(ticket: ticket, subject: .session, call: call)))
        environment.store.update(record) { [weak self] in self?.post(.written(ticket: ticket, $0)) }
    }

    /// In the same queue of writes as the session's own row, before it. Fails it, the copy is made when the library's quiz changes.
    func keep(_ quiz: Quiz) {
        let (id, logger) = (id, environment.logger)
        environment.store.keep(quiz, sessionID: id, fence: fence) { result in
            guard case .failure(let error) = result else { return }
            logger.warning("a session's quiz could not be kept", metadata: ["session": "\(id)", "error": "\(error.message)"])
        }
    }

    /// - Parameter holdsBack: an answer follows that promises what is written.
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

    /// In the same queue of writes as the row that it deletes. Fails it, the row stays, and the guest is one who left.
    func forget(_ participant: ParticipantRecord) {
        unsavedParticipants.remove(participant.userID)
        environment.store.delete(participant, fence: fence) { [weak self] result in
            if case .success(false) = result { self?.post(.participantWritten(participant.userID, result)) }
        }
    }

    /// A write that the outbox waited for is done.
    func settle(_ write: SessionOutbox.Write, _ result: Result<Bool, ClassroomError>) {
        switch write.subject {
        case .session: sessionWritten(result)
        case .participant(let userID):
            participantWritten(userID, result)
            guard case .failure(let error) = result, !isRetired, let call = write.call, call.isOpen, call.userID == userID else { return }
            // Who joins is not promised what was not stored, and may try again. One who was kicked is out all the same.
            outbox.dropCommand()
            call.fail(error)
            if !roster.isPlaying(userID) { apply(.presence(userID: userID, connected: false)) }
        }
    }

    /// When the store fails, the game goes on and the row is written later.
    func sessionWritten(_ result: Result<Bool, ClassroomError>) {
        switch result {
        case .success(true): isSessionUnsaved = false
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
            // Meanwhile somebody else may have the seat.
            guard session.participant(userID) != nil else { return }
            unsavedParticipants.insert(userID)
            retryLater(error)
        }
    }

    private func retryLater(_ error: ClassroomError) {
        environment.logger.warning("a session could not be stored", metadata: ["session": "\(id)", "error": "\(error.message)"])
        if timers[.retry] == nil { arm(.retry, at: now + Int64(environment.configuration.storeRetryMs)) }
    }

    /// The latest state of what the store did not take.
    func storeAgain() {
        if isSessionUnsaved { environment.store.update(session.record) { [weak self] in self?.post(.sessionWritten($0)) } }
        if hasDoubtfulAnswers { readAnswers() }
        guard !unsavedParticipants.isEmpty else { return }
        for userID in unsavedParticipants {
            guard let participant = session.participant(userID) else { continue }
            environment.store.save(participant, fence: fence) { [weak self] in self?.post(.participantWritten(userID, $0)) }
        }
    }
}
