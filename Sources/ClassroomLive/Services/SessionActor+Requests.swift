import Classroom
import NIOCore

/// The calls of the service.
extension SessionActor {
    /// Completes a row that was written by hand, and resumes the session.
    func resume() {
        apply(.resume)
    }

    func join(_ user: User, _ context: CallContext) async throws -> SessionReply {
        try await request(user.id, context) { call in
            storeFirst(user.id, call)
            apply(.join(userID: user.id, name: user.username, isNickname: user.role == .guest, device: context.device), for: call)
        }
    }

    /// Throws if nobody could join now under this name.
    func mayJoin(nickname: String, device: String?) throws {
        guard !isRetired else { throw SessionRetired() }
        try session.requireMayJoin(nickname: nickname, device: device)
    }

    func observe(_ user: User, managesQuizzes: Bool, _ context: CallContext) async throws -> SessionReply {
        try await request(user.id, context) { apply(.observe(userID: user.id, managesQuizzes: managesQuizzes), for: $0) }
    }

    /// Makes the socket that created the session its host.
    func seatHost(_ user: User, _ socket: SessionSocket) {
        seat(socket, user.id, as: .host)
    }

    /// A host's command. The socket that sends it becomes a host's socket: without an acknowledgement the session's events are its answer.
    func control(_ command: SessionCommand, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await request(user.id, context) { call in
            apply(command, for: call) {
                if let socket = context.socket { seatHost(user, socket) }
            }
        }
    }

    /// Takes room for a quiz that has become longer, before it is read: one that there is no room for is not read.
    func makeRoom(forQuizOf bytes: Int) throws {
        guard !isRetired, session.phase == .waiting, bytes > session.quiz.memoryBytes else { return }
        try quizMemory?.resize(to: bytes)
    }

    /// An edit of the quiz while its session waits takes effect at the start.
    func use(_ quiz: Quiz) throws {
        guard session.phase == .waiting else { return }
        try quizMemory?.resize(to: quiz.memoryBytes)
        apply(.useQuiz(quiz))
    }

    /// Gives back the room that was made for a quiz that could not be had: it is gone, or another's by now. The session plays what it has.
    func giveBackRoom() throws {
        guard session.phase == .waiting else { return }
        try quizMemory?.resize(to: session.quiz.memoryBytes)
    }

    /// Throws unless this user may start the session now. Asked before anything is read for the start.
    func requireMayStart(_ userID: String) throws {
        guard !isRetired else { throw SessionRetired() }
        try session.requireMayStart(userID)
    }

    func submit(
        _ questionID: String, _ user: User, _ answer: Answer, timeSpent: Double?, _ context: CallContext
    ) async throws -> SessionReply {
        let key = AnswerKey(questionID: questionID, userID: user.id)
        // An answer belongs to the user, but the socket must have joined to give one. A repeated answer gets the first result in any case.
        // After the end a missing seat does not matter: it was lost when the session left memory, and the rules give the better error.
        if !isRetired, session.phase != .ended, let socket = context.socket, session.isParticipant(user.id),
            !roster.isPlaying(socket.id, as: user.id), !socket.isKnownPlayer, session.answerResult(for: key, duplicate: true) == nil
        {
            throw ClassroomError(.forbidden, "Join the session first")
        }
        return try await request(user.id, context) { call in
            let command = SessionCommand.answer(userID: user.id, questionID: questionID, answer: answer, timeSpent: timeSpent)
            apply(command, at: context.receivedAt, for: call)
        }
    }

    /// Removes the socket, and the user too if no other socket of theirs plays.
    func leave(_ user: User, _ context: CallContext) async throws -> SessionReply {
        try await request(user.id, context) { call in
            guard roster.isPlaying(user.id), !roster.isPlaying(user.id, besides: context.socket?.id) else {
                if let socket = context.socket { unseat(socket.id) }
                call.succeed(.left(SessionLeft(sessionId: id)))
                return
            }
            apply(.leave(userID: user.id), for: call)
            if let socket = context.socket { unseat(socket.id) }
        }
    }

    /// Removes a socket that has gone or has another user now.
    ///
    /// - Parameter sequence: the number of its node's message. A socket that was seated by a later message stays.
    func socketLeft(_ socketID: String, _ userID: String, sequence: Int = .max) {
        // A stopping server closes its sockets. Players have not left then.
        guard !isStopped, let seat = roster.seats[socketID], seat.userID == userID, seat.socket.sequence < sequence else { return }
        unseat(socketID)
        pump()
    }

    /// The whole board. It is made once per version. One with more entries than a `quiz:leaderboard` has is made at most once per
    /// interval while the session runs: within it, requests get the earlier board with its version.
    func leaderboard() throws -> LeaderboardReport {
        guard !isRetired else { throw SessionRetired() }
        let summary = session.leaderboardSummary
        if let known = wholeBoard, known.report.summary == summary || mayServe(known.madeAt) { return known.report }
        let report = LeaderboardReport(entries: session.leaderboard().entries, summary: summary)
        wholeBoard = (report, now, nil)
        return report
    }

    private func mayServe(_ madeAt: UnixMilliseconds) -> Bool {
        guard !isOver, session.leaderboardSummary.players > session.limits.leaderboardEntries else { return false }
        let age = now - madeAt
        return age >= 0 && age < Int64(environment.configuration.wholeBoardIntervalMs)
    }

    /// The whole board as JSON. It is written once per board; all requests share the bytes.
    func leaderboardDocument() throws -> ByteBuffer {
        let report = try leaderboard()
        if let known = wholeBoard?.document { return known }
        let document = LeaderboardDocument(report).bytes
        wholeBoard?.document = document
        return document
    }

    /// The whole board with its version if it is the last one; once for each version.
    func finalBoard() -> (version: Int, board: FinalBoard)? {
        guard !isRetired, isOver, !session.hasPendingAnswers, !hasDoubtfulAnswers, let known = wholeBoard, let document = known.document,
            known.report.summary == session.leaderboardSummary, known.report.summary.version != keptVersion
        else { return nil }
        keptVersion = known.report.summary.version
        return (known.report.summary.version, FinalBoard(createdAt: createdAt, createdBy: createdBy, document: document))
    }

    /// Whether the user may see the whole board: players and hosts may.
    func mayReadBoard(_ userID: String, managesQuizzes: Bool) throws -> Bool {
        guard !isRetired else { throw SessionRetired() }
        return session.access(of: userID).mayReadBoard(userID, managesQuizzes: managesQuizzes)
    }

    private func request(
        _ userID: String, _ context: CallContext, _ body: (SessionCall) -> Void
    ) async throws -> SessionReply {
        try await withCheckedThrowingContinuation { continuation in
            body(SessionCall(userID: userID, context: context) { continuation.resume(with: $0) })
        }
    }

    /// A participant whose row could not be stored at the join. It is stored before the participant is answered again.
    private func storeFirst(_ userID: String, _ call: SessionCall) {
        guard !isRetired, unsavedParticipants.contains(userID),
            let participant = session.participant(userID)
        else { return }
        write(participant, holdsBack: true, for: call)
    }
}
