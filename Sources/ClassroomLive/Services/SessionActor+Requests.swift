import Classroom
import NIOCore
import SocketIOServer

/// What the service asks of a session.
extension SessionActor {
    /// Completes a row written by hand, and goes on where the session stood.
    func resume() {
        apply(.resume)
    }

    func join(_ user: User, _ context: CallContext, guestToken: String? = nil) async throws -> SessionReply {
        try await request(user.id, context, guestToken: guestToken) { call in
            storeFirst(user.id, call)
            apply(.join(userID: user.id, name: user.username, isNickname: user.role == .guest, device: context.device), for: call)
        }
    }

    /// Whether somebody could join now under this name; throws why not.
    func mayJoin(nickname: String, device: String?) throws {
        guard !isRetired else { throw SessionRetired() }
        try session.requireMayJoin(nickname: nickname, device: device)
    }

    func observe(_ user: User, managesQuizzes: Bool, _ context: CallContext) async throws -> SessionReply {
        // Who was removed does not come back by another door.
        if !isRetired, session.isKicked(user.id), !session.isHost(user.id) {
            throw ClassroomError(.forbidden, "You were removed from this session")
        }
        return try await request(user.id, context) { apply(.observe(userID: user.id, managesQuizzes: managesQuizzes), for: $0) }
    }

    /// The owner's socket, which created the session, is its host.
    func seatHost(_ user: User, _ socket: SocketReference) {
        seat(socket, user.id, as: .host)
    }

    /// A host's command. The socket that gives it is the host's from then on, wherever it comes from: the events are the answer to one who
    /// asked for no acknowledgement.
    func control(_ command: SessionCommand, _ user: User, _ context: CallContext) async throws -> SessionReply {
        try await request(user.id, context) { call in
            apply(command, for: call) {
                if let socket = context.socket { seatHost(user, socket) }
            }
        }
    }

    /// Whoever edited the quiz while its session waited gets to play what they wrote.
    func use(_ quiz: Quiz) { apply(.useQuiz(quiz)) }

    func submit(
        _ questionID: String, _ user: User, _ answer: Answer, timeSpent: Double?, _ context: CallContext
    ) async throws -> SessionReply {
        let key = AnswerKey(questionID: questionID, userID: user.id)
        // An answer is the user's, but to give one the socket must have joined. Who answered before gets that result in any case.
        // Nor does a seat matter after the end: it went when the session left memory, and the rules have the better refusal.
        if !isRetired, session.phase != .ended, let socket = context.socket, session.isParticipant(user.id),
            !roster.isPlaying(socket.id, as: user.id), session.answerResult(for: key, duplicate: true) == nil
        {
            throw ClassroomError(.forbidden, "Join the session first")
        }
        return try await request(user.id, context) { call in
            let command = SessionCommand.answer(userID: user.id, questionID: questionID, answer: answer, timeSpent: timeSpent)
            apply(command, at: context.receivedAt, for: call)
        }
    }

    /// The socket leaves; the user as well, when no other socket of theirs plays.
    func leave(_ user: User, _ context: CallContext) async throws -> SessionReply {
        try await request(user.id, context) { call in
            let wasPlaying = roster.isPlaying(user.id)
            let isOnlySocket = roster.sockets(of: user.id).allSatisfy { socket in
                socket.id == context.socket?.id || !roster.isPlaying(socket.id, as: user.id)
            }
            guard wasPlaying, isOnlySocket else {
                if let socket = context.socket { unseat(socket.id) }
                call.succeed(.left(SessionLeft(sessionId: id)))
                return
            }
            apply(.leave(userID: user.id), for: call)
            if let socket = context.socket { unseat(socket.id) }
        }
    }

    /// A socket has gone, or has another user now.
    func socketLeft(_ socketID: String, _ userID: String) {
        // When a server stops its sockets go, and that is no player's doing: nothing follows from it.
        guard !isStopped, roster.seats[socketID]?.userID == userID else { return }
        unseat(socketID)
        pump()
    }

    /// The whole board. It is sorted once for each version of it, however often it is asked for.
    func leaderboard() throws -> LeaderboardReport {
        guard !isRetired else { throw SessionRetired() }
        let summary = session.leaderboardSummary
        if let known = wholeBoard?.report, known.summary == summary { return known }
        let report = LeaderboardReport(entries: session.leaderboard().entries, summary: summary)
        wholeBoard = (report, nil)
        return report
    }

    /// The whole board as JSON. It is written once for each version of it; all who ask share the bytes.
    func leaderboardDocument() throws -> ByteBuffer {
        let report = try leaderboard()
        if let known = wholeBoard?.document { return known }
        let document = LeaderboardDocument(report).bytes
        wholeBoard?.document = document
        return document
    }

    /// Who may see the whole board: those who are on it, and whoever hosts.
    func mayReadBoard(_ userID: String, managesQuizzes: Bool) throws -> Bool {
        guard !isRetired else { throw SessionRetired() }
        return session.isOnBoard(userID) || session.record.isHosted(by: userID, managesQuizzes: managesQuizzes)
    }

    private func request(
        _ userID: String, _ context: CallContext, guestToken: String? = nil, _ body: (SessionCall) -> Void
    ) async throws -> SessionReply {
        try await withCheckedThrowingContinuation { continuation in
            body(SessionCall(userID: userID, context: context, guestToken: guestToken, continuation: continuation))
        }
    }

    /// A participant whose row the store did not take when they joined: it is to be there before they are told again.
    private func storeFirst(_ userID: String, _ call: SessionCall) {
        guard !isRetired, unsavedParticipants.contains(userID),
            let participant = session.participant(userID)
        else { return }
        write(participant, holdsBack: true, for: call)
    }
}
