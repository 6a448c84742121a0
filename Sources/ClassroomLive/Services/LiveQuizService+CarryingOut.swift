import Classroom
import ClassroomStore

/// Finding the session, on this node or another one.
extension LiveQuizService {
    private static let attempts = 4
    /// Between two looks for the node that runs a session.
    private static let pauseMs: Int64 = 150

    /// Has an action carried out by the node that runs the session: this one if nobody does. The caller's permissions are checked.
    func carryOut(
        _ action: SessionAction, in sessionID: String, _ user: User, _ context: CallContext
    ) async throws -> SessionAnswer {
        let deadline = clock.now + Int64(configuration.forwardTimeoutMs)
        while true {
            let place: SessionPlace
            do {
                let answer = try await carryOutHere(action, in: sessionID, user, context)
                nodes?.note(action, answer, in: sessionID, user.id, context)
                return answer
            } catch let elsewhere as SessionElsewhere {
                place = elsewhere.place
            }
            guard let nodes else { throw ClassroomError.sessionElsewhere }
            nodes.located(sessionID, at: place)
            switch await nodes.ask(action, in: sessionID, at: place, user, context, until: deadline) {
            case .answered(let result): return try result.get()
            case .moved:
                nodes.forget(sessionID, at: place)
                guard clock.now < deadline else { throw ClassroomError.sessionElsewhere }
                await pause()
            case .lost:
                guard action.isRepeatable, clock.now < deadline else { throw NodeExchange.unanswered }
            }
        }
    }

    private func pause() async {
        await withCheckedContinuation { continuation in
            _ = clock.schedule(at: clock.now + Self.pauseMs) { continuation.resume() }
        }
    }

    /// Carries an action out in a session that this node runs, loading it if need be.
    ///
    /// - Throws: ``SessionElsewhere`` if another node runs it.
    func carryOutHere(
        _ action: SessionAction, in sessionID: String, _ user: User, _ context: CallContext
    ) async throws -> SessionAnswer {
        for _ in 0..<Self.attempts {
            if registry.loaded(sessionID) == nil {
                if let place = nodes?.place(of: sessionID) { throw SessionElsewhere(sessionID: sessionID, place: place) }
                try await requireAccess(to: sessionID, for: user.id, action)
            }
            let session = try await registry.session(sessionID)
            guard try await isCurrent(session, checksRow: action.checksRow) else { continue }
            do {
                return try await perform(action, in: session, user, context)
            } catch is SessionRetired {
                continue
            }
        }
        throw ClassroomError(.unavailable, "The session is busy, please try again", retryAfterMs: 1_000)
    }

    /// Refuses a stranger before the session is loaded for them: that takes time, and memory that counts for the session's owner.
    private func requireAccess(to sessionID: String, for userID: String, _ action: SessionAction) async throws {
        guard let access = try await store.sessionAccess(to: sessionID, for: userID) else { throw ClassroomError.sessionNotFound }
        switch action {
        case .mayJoin, .join: try access.requireMayJoin()
        case .observe(let managesQuizzes): try access.requireMayObserve(userID, managesQuizzes: managesQuizzes)
        case .answer: try access.requireMayAnswer()
        case .start, .next, .close, .end, .kick, .lock: try access.requireHost(userID)
        case .board(let managesQuizzes):
            if let managesQuizzes, !access.mayReadBoard(userID, managesQuizzes: managesQuizzes) { throw Self.boardRefused }
        case .leave: break
        }
    }

    /// Whether a session in memory is what its row says. One that is not leaves memory.
    private func isCurrent(_ session: SessionActor, checksRow: Bool) async throws -> Bool {
        if !leases.isCertain(of: session.id), await !session.isOver, try await !leases.confirm(session.id) {
            await session.letGo()
            return false
        }
        guard checksRow else { return true }
        let created = try await store.sessionCreation(id: session.id)
        guard created != session.createdAt else { return true }
        await session.vanish()
        if created == nil { throw ClassroomError.sessionNotFound }
        return false
    }

    private func perform(
        _ action: SessionAction, in session: SessionActor, _ user: User, _ context: CallContext
    ) async throws -> SessionAnswer {
        switch action {
        case .mayJoin(let nickname):
            try await session.mayJoin(nickname: nickname, device: context.device)
            return .allowed
        case .join: return .reply(try await session.join(user, context))
        case .observe(let managesQuizzes): return .reply(try await session.observe(user, managesQuizzes: managesQuizzes, context))
        case .leave: return .reply(try await session.leave(user, context))
        case .answer(let questionID, let answer, let timeSpent):
            return .reply(try await session.submit(questionID, user, answer, timeSpent: timeSpent, context))
        case .board(let managesQuizzes):
            if let managesQuizzes {
                guard try await session.mayReadBoard(user.id, managesQuizzes: managesQuizzes) else {
                    throw Self.boardRefused
                }
            }
            let document = try await session.leaderboardDocument()
            await keepFinalBoard(of: session)
            return .board(document)
        case .start, .next, .close, .end, .kick, .lock:
            if action == .start {
                try await session.requireMayStart(user.id)
                try await takeQuiz(for: session)
            }
            guard let command = action.command(by: user.id) else { return .allowed }
            return .reply(try await session.control(command, user, context))
        }
    }

    /// Gives a session that is about to start the quiz as the library has it now. Another's quiz that has taken its id is not played.
    private func takeQuiz(for session: SessionActor) async throws {
        if try await mayHost(session.quizID, session.createdBy), let bytes = try await store.quizMemoryBytes(id: session.quizID) {
            do { try await session.makeRoom(forQuizOf: bytes) } catch {
                // Nobody is told how long a quiz is that is another's by now.
                if try await mayHost(session.quizID, session.createdBy) { throw error }
            }
        }
        let quiz: Quiz?
        do { quiz = try await store.quiz(id: session.quizID) } catch {
            try await session.giveBackRoom()
            throw error
        }
        if let quiz, quiz.mayBeHosted(by: session.createdBy) {
            try await session.use(quiz)
        } else {
            try await session.giveBackRoom()
        }
    }
}
