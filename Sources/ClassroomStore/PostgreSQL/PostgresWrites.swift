import Classroom

/// Each kind of write as statements of PostgreSQL, and their results as its outcome. It does no I/O.
///
/// A rule that refuses a write is a row of the result and not an error, as an error would end the whole batch's transaction.
extension StoreWrite {
    /// The statements. The result of the last one is the outcome.
    /// - Parameter isRetry: true if an earlier transaction, whose end is unknown, may have carried the write out already.
    func postgresQueries(isRetry: Bool) -> [PostgresQuery] {
        switch self {
        case .saveUser(let user):
            return [
                PostgresQuery(
                    PostgresStatements.saveUser,
                    [user.id, user.username, user.email, user.role.rawValue, PermissionsText.text(user.permissions)])
            ]
        case .load(let users, let tokens): return users.map(Self.change) + tokens.map(Self.save)
        case .revokeToken(let hash): return [PostgresQuery("delete from tokens where hash = $1", [hash])]
        case .revokeTokens(let userID): return [PostgresQuery("delete from tokens where user_id = $1", [userID])]
        case .deleteExpired(let now, let limit):
            return [
                PostgresQuery(PostgresStatements.deleteExpiredTokens, [now, limit]),
                PostgresQuery(PostgresStatements.deleteGuests, [limit]),
            ]

        case .createQuiz(let written): return [PostgresQuery(PostgresStatements.createQuiz, written.columns)]
        case .replaceQuiz(let written): return [PostgresQuery(PostgresStatements.replaceQuiz, written.columns)]
        case .saveQuiz(let written): return [PostgresQuery(PostgresStatements.saveQuiz, written.columns)]
        case .deleteQuiz(let id): return [PostgresQuery("delete from quizzes where id = $1", [id])]
        case .keepQuiz(let written, let sessionID, let fence):
            return [
                PostgresQuery(
                    PostgresStatements.keepQuiz,
                    [sessionID, fence.createdAt, fence.epoch, written.quiz.title, written.questions, written.quiz.createdBy])
            ]

        case .createSession(let session): return [PostgresQuery(PostgresStatements.createSession, Self.columns(session))]
        case .updateSession(let session, let keepsSettings):
            let columns = Self.columns(session, keepsSettings: keepsSettings)
            return [PostgresQuery(PostgresStatements.updateSession, columns + [session.epoch])]
        case .deleteSession(let id): return [PostgresQuery("delete from quiz_sessions where id = $1", [id])]
        case .acquireLease(let request):
            return [
                PostgresQuery(
                    PostgresStatements.acquireLease,
                    [
                        request.sessionID, request.createdAt, request.owner, request.duration.inMilliseconds, request.takesOver,
                        request.abandonedRemainder.inMilliseconds,
                    ])
            ]
        case .renewLeases(let owner, let sessionIDs, let duration):
            return [PostgresQuery(PostgresStatements.renewLeases, [owner, JSONText.text(sessionIDs), duration.inMilliseconds])]
        case .releaseLeases(let owner, let sessionIDs):
            return [PostgresQuery(PostgresStatements.releaseLeases, [owner, JSONText.text(sessionIDs)])]

        case .saveParticipant(let participant, let fence):
            return [
                PostgresQuery(
                    PostgresStatements.saveParticipant,
                    [
                        participant.sessionID, fence.createdAt, fence.epoch, participant.userID, participant.username,
                        participant.joinedAt, participant.kicked, participant.left, participant.questionSentAt, participant.device,
                    ])
            ]
        case .deleteParticipant(let participant, let fence):
            return [
                PostgresQuery(
                    PostgresStatements.deleteParticipant, [participant.sessionID, fence.createdAt, fence.epoch, participant.userID])
            ]
        case .submitAnswer(let answer, let fence): return [PostgresQuery(PostgresStatements.submitAnswer, Self.columns(answer, fence))]
        case .appendMessage(let message): return [PostgresQuery(PostgresStatements.appendMessage, Self.columns(message) + [isRetry])]
        case .probe: return [PostgresQuery(PostgresStatements.probe)]
        }
    }

    /// The outcome that the results of ``postgresQueries(isRetry:)`` tell, none of which is a failure.
    func postgresOutcome(_ results: ArraySlice<PostgresResult>, isRetry: Bool) throws(ClassroomError) -> Outcome {
        guard let result = results.last else { return .done }
        switch self {
        case .saveUser, .load, .saveQuiz, .releaseLeases, .probe: return .done
        case .revokeToken, .revokeTokens, .deleteExpired: return .count(results.reduce(0) { $0 + $1.writtenRows })
        case .createQuiz:
            guard let row = result.firstRow, row.flag("written") || isRetry && row.flag("same") else { throw .quizExists }
            return .done
        case .replaceQuiz, .deleteQuiz, .deleteSession: return .flag(result.writtenRows > 0)
        case .createSession(let session):
            guard let row = result.firstRow, !row.flag("written") else { return .done }
            // The row is one that an earlier attempt stored.
            if isRetry, row.exact("created_at") == session.createdAt { return .done }
            throw row.flag("found") ? .sessionExists : .joinCodeInUse
        case .updateSession:
            if result.firstRow?.flag("taken") == true { throw .joinCodeInUse }
            return .flag(try Self.isWritten(result))
        case .keepQuiz, .saveParticipant, .deleteParticipant: return .flag(try Self.isWritten(result))
        case .acquireLease:
            guard let row = result.firstRow else { return .lease(.sessionVanished) }
            let lease = Self.lease(row)
            return .lease(row.flag("granted") ? .granted(lease) : .held(lease))
        case .renewLeases:
            return .leases(Dictionary(result.rows.map { ($0.text("id") ?? "", Self.lease($0)) }) { first, _ in first })
        case .submitAnswer(let answer, _):
            guard let row = result.firstRow, row.int("epoch") != nil else { return .answer(.sessionVanished) }
            if row.flag("written") { return .answer(.stored) }
            guard row.text("question_id") != nil else { throw .staleEpoch }
            let first = AnswerRecord(row)
            return .answer(isRetry && first == answer ? .stored : .duplicate(first))
        case .appendMessage:
            guard let row = result.firstRow else { throw .storeFailed }
            return .message(ChatMessage(row))
        }
    }

    /// Another server stored an answer to the same question of the same user while this one was being stored: it is visible now, and the
    /// same statement finds it.
    func needsSecondLook(_ results: ArraySlice<PostgresResult>) -> Bool {
        guard case .submitAnswer(_, let fence) = self, let row = results.last?.firstRow, let epoch = row.int("epoch") else { return false }
        return !row.flag("written") && row.text("question_id") == nil && epoch <= fence.epoch ?? .max
    }

    /// Returns false if the session's row is gone, or belongs to another incarnation.
    private static func isWritten(_ result: PostgresResult) throws(ClassroomError) -> Bool {
        guard let row = result.firstRow, row.int("epoch") != nil else { return false }
        guard row.flag("written") else { throw .staleEpoch }
        return true
    }

    private static func lease(_ row: PostgresRow) -> SessionLease {
        SessionLease(owner: row.text("lease_owner") ?? "", epoch: row.int("epoch") ?? 0, expiresAt: row.integer("lease_expires_at") ?? 0)
    }

    // MARK: Locks

    /// The locks that the write needs until its transaction ends: a shared one on the session, against a change of its owner, or an
    /// exclusive one on the room, for its next sequence.
    var postgresLocks: [PostgresLock] {
        switch self {
        case .submitAnswer(let answer, let fence) where fence.epoch != nil: [PostgresLock(.session, answer.sessionID, isExclusive: false)]
        case .saveParticipant(let participant, let fence) where fence.epoch != nil,
            .deleteParticipant(let participant, let fence) where fence.epoch != nil:
            [PostgresLock(.session, participant.sessionID, isExclusive: false)]
        case .keepQuiz(_, let sessionID, let fence) where fence.epoch != nil: [PostgresLock(.session, sessionID, isExclusive: false)]
        case .updateSession(let session, _): [PostgresLock(.session, session.id, isExclusive: false)]
        case .acquireLease(let request): [PostgresLock(.session, request.sessionID, isExclusive: true)]
        case .appendMessage(let message): [PostgresLock(.room, message.roomID, isExclusive: true)]
        case .load: [PostgresLock(.users, "", isExclusive: true)]
        default: []
        }
    }

    /// The owner of the leases that the write asks for or renews.
    var leaseOwner: String? {
        switch self {
        case .acquireLease(let request): request.owner
        case .renewLeases(let owner, _, _): owner
        default: nil
        }
    }

    // MARK: Parameters

    private static func change(_ user: UserChange) -> PostgresQuery {
        PostgresQuery(
            PostgresStatements.changeUser,
            [
                user.id, user.username, user.email, user.role?.rawValue, user.permissions.map(PermissionsText.text),
                PermissionsText.text((user.role ?? .student).defaultPermissions),
            ])
    }

    private static func save(_ token: TokenRecord) -> PostgresQuery {
        PostgresQuery(PostgresStatements.saveToken, [token.hash, token.userID, token.expiresAt, token.createdAt])
    }

    private static func columns(_ session: SessionRecord, keepsSettings: Bool = false) -> [(any PostgresParameter)?] {
        let settings: String? = keepsSettings ? nil : SettingsText.text(session.settings)
        return [
            session.id, session.createdAt, session.quizID, session.status.rawValue, session.joinCode, session.createdBy,
            settings, session.phase, session.questionIndex, session.questionOpenedAt,
            session.questionDeadline, session.startedAt, session.endedAt, session.version, session.isLocked,
        ]
    }

    private static func columns(_ answer: AnswerRecord, _ fence: SessionFence) -> [(any PostgresParameter)?] {
        [
            answer.sessionID, fence.createdAt, fence.epoch, answer.questionID, answer.userID, AnswerText.text(answer.answer),
            answer.correct, answer.score, answer.timeBonus, answer.elapsedMs, answer.timeSpent, answer.answeredAt,
        ]
    }

    private static func columns(_ message: ChatMessage) -> [(any PostgresParameter)?] {
        [
            message.roomID, message.id, message.userID, message.username, message.content, message.type, message.sentAt,
            message.clientID,
        ]
    }
}

/// An advisory lock for the time of a transaction. That of an ``Kind/owner`` lasts as long as the connection of a server.
struct PostgresLock: Hashable {
    enum Kind: Int { case session, room, users, owner }

    let kind: Kind
    let id: String
    var isExclusive: Bool

    init(_ kind: Kind, _ id: String, isExclusive: Bool) {
        self.kind = kind
        self.id = id
        self.isExclusive = isExclusive
    }

    /// The locks of a batch without duplicates, in an order that is the same on every server, so that no deadlock is possible.
    static func all(of batch: some Sequence<StoreWrite>) -> PostgresQuery? {
        var locks: [PostgresLock: Bool] = [:]
        for write in batch {
            for var lock in write.postgresLocks {
                let isExclusive = lock.isExclusive
                lock.isExclusive = true
                locks[lock, default: false] = (locks[lock] ?? false) || isExclusive
            }
        }
        guard !locks.isEmpty else { return nil }
        let ordered = locks.sorted { ($0.key.kind.rawValue, $0.key.id) < ($1.key.kind.rawValue, $1.key.id) }
        let list = ordered.map { "\($0.value ? "x" : "s")\($0.key.kind.rawValue)\($0.key.id)" }
        return PostgresQuery(sql, [JSONText.text(list)])
    }

    /// The key of a lock, as SQL.
    ///
    /// - Parameter id: an expression for the id.
    static func key(of kind: Kind, _ id: String) -> String { "hashtextextended('\(kind.rawValue)' || \(id), 0)" }

    private static let sql = """
        select case when left(value, 1) = 'x' then pg_advisory_xact_lock(hashtextextended(substr(value, 2), 0))::text
            else pg_advisory_xact_lock_shared(hashtextextended(substr(value, 2), 0))::text end
        from json_array_elements_text($1::json) value
        """
}

extension WrittenQuiz {
    /// `id`, `title`, `questions`, `created_by`, `memory_bytes`.
    fileprivate var columns: [(any PostgresParameter)?] { [quiz.id, quiz.title, questions, quiz.createdBy, quiz.memoryBytes] }
}
