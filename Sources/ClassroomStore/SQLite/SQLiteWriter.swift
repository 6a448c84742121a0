import Classroom
import GRDB
import Logging

/// Performs batches on the pool's writing connection.
///
/// Each write fails or succeeds by itself: one with several statements in a savepoint; one with a single statement needs none, as SQLite
/// undoes a failed statement. A failure that ends the whole transaction (disk full, input or output error) fails every write of the batch.
final class SQLiteWriter: CommitTarget {
    private let pool: DatabasePool
    private let checkpoints: LogCheckpoints
    private let logger: Logger
    private var sequences = ChatSequences()

    init(pool: DatabasePool, checkpoints: LogCheckpoints, logger: Logger) {
        self.pool = pool
        self.checkpoints = checkpoints
        self.logger = logger
    }

    func commit(_ batch: [StoreWrite]) throws(ClassroomError) -> [Result<StoreWrite.Outcome, ClassroomError>] {
        do {
            return try pool.writeWithoutTransaction { db in try perform(batch, in: db) }
        } catch {
            sequences.forgetAll()
            throw SQLiteFailure.refusal(error, logger: logger)
        }
    }

    func delivered() { checkpoints.committed() }

    private func perform(_ batch: [StoreWrite], in db: Database) throws -> [Result<StoreWrite.Outcome, ClassroomError>] {
        do {
            try db.beginTransaction(.immediate)
            var outcomes: [Result<StoreWrite.Outcome, ClassroomError>] = []
            outcomes.reserveCapacity(batch.count)
            for write in batch {
                do {
                    outcomes.append(.success(try perform(write, in: db)))
                } catch {
                    guard db.isInsideTransaction else { throw error }
                    outcomes.append(.failure(SQLiteFailure.refusal(error, logger: logger)))
                }
            }
            try db.commit()
            return outcomes
        } catch {
            if db.isInsideTransaction { try db.rollback() }
            throw error
        }
    }

    private func perform(_ write: StoreWrite, in db: Database) throws -> StoreWrite.Outcome {
        switch write {
        case .submitAnswer(let answer, let fence): return .answer(try AnswerRows.insert(answer, fence, in: db))
        case .appendMessage(let message): return .message(try ChatRows.insert(message, in: db, sequences: &sequences))
        case .saveParticipant(let participant, let fence): return .flag(try ParticipantRows.save(participant, fence, in: db))
        case .deleteParticipant(let participant, let fence): return .flag(try ParticipantRows.delete(participant, fence, in: db))
        case .updateSession(let session, let keepsSettings):
            return .flag(try SessionRows.update(session, keepsSettings: keepsSettings, in: db))
        case .keepQuiz(let quiz, let sessionID, let fence): return .flag(try PlayedQuizRows.keep(quiz, sessionID, fence, in: db))
        default: return try performRare(write, in: db)
        }
    }

    /// Writes with several statements, and rare ones.
    private func performRare(_ write: StoreWrite, in db: Database) throws -> StoreWrite.Outcome {
        var outcome = StoreWrite.Outcome.done
        try db.inSavepoint {
            switch write {
            case .saveUser(let user): try UserRows.save(user, in: db)
            case .load(let users, let tokens): try UserRows.load(users, tokens, in: db)
            case .revokeToken(let hash): outcome = .count(try UserRows.revokeToken(hash, in: db))
            case .revokeTokens(let userID): outcome = .count(try UserRows.revokeTokens(of: userID, in: db))
            case .deleteExpired(let now, let limit): outcome = .count(try UserRows.deleteExpired(now: now, limit: limit, in: db))
            case .createQuiz(let quiz): try QuizRows.create(quiz, in: db)
            case .replaceQuiz(let quiz): outcome = .flag(try QuizRows.replace(quiz, in: db))
            case .saveQuiz(let quiz): try QuizRows.save(quiz, in: db)
            case .deleteQuiz(let id): outcome = .flag(try QuizRows.delete(id, in: db))
            case .createSession(let session): try SessionRows.insert(session, in: db)
            case .deleteSession(let id): outcome = .flag(try SessionRows.delete(id, in: db))
            case .acquireLease(let request): outcome = .lease(try LeaseRows.acquire(request, now: MachineClock.now, in: db))
            case .renewLeases(let owner, let sessionIDs, let duration):
                outcome = .leases(
                    try LeaseRows.renew(sessionIDs, owner: owner, until: MachineClock.now + duration.inMilliseconds, in: db))
            case .releaseLeases(let owner, let sessionIDs): try LeaseRows.release(sessionIDs, owner: owner, in: db)
            case .probe: try probe(db)
            case .submitAnswer, .appendMessage, .saveParticipant, .deleteParticipant, .updateSession, .keepQuiz:
                assertionFailure("it has a path of its own")
            }
            return .commit
        }
        return outcome
    }

    /// A transaction that changes nothing succeeds even on a full disk. So this writes a few pages, more than the last page has room for.
    private func probe(_ db: Database) throws {
        try db.cachedStatement(sql: "insert or replace into write_probe (id, filler) values (1, randomblob(16384))").execute()
    }
}
