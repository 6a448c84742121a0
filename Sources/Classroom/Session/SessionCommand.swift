/// An input of a session. Every command is applied with the time at which it happened.
public enum SessionCommand: Hashable, Sendable {
    /// Once, right after the session was built from its records: completes rows written by hand, catches up with what fell due meanwhile.
    case resume
    /// A user joins or rejoins (and is connected from then on). `isNickname`: the name was chosen, so a taken one is refused; an account's
    /// own name gets a number appended instead. A user who rejoins keeps the first name. `device`: the browser's mark, if it gave one.
    case join(userID: String, name: String, isNickname: Bool, device: String? = nil)
    /// The user's first joined socket came, or the last one went.
    case presence(userID: String, connected: Bool)
    case leave(userID: String)
    /// `managesQuizzes` decides who is the host if the session's row names no owner.
    case observe(userID: String, managesQuizzes: Bool = false)
    /// The quiz as the library has it now. Without effect once the session has started.
    case useQuiz(Quiz)
    case start(by: String)
    /// `seen`: the question that the host saw when they gave the command. It is refused once another question is current.
    case next(by: String, seen: String? = nil)
    case close(by: String, seen: String? = nil)
    case end(by: String, seen: String? = nil)
    case kick(userID: String, by: String, seen: String? = nil)
    /// While it is locked nobody new may join.
    case lock(Bool, by: String)
    /// An answer, at the time of its receipt. The decision leads to `storeAnswer`, `awaitAnswer` or a direct reply.
    case answer(userID: String, questionID: String, answer: Answer, timeSpent: Double?)
    /// The store holds the answer durably.
    case answerCommitted(AnswerRecord)
    /// The store held another answer under the same key already.
    case answerDuplicate(AnswerRecord)
    /// The store failed: nothing is stored, the answer may be tried again. One that was given before gets the first result.
    case answerRejected(AnswerKey)
    /// The session's row is gone.
    case vanished
    /// The time that `schedule` named has come.
    case tick
}

/// Identifies an answer within its session.
public struct AnswerKey: Hashable, Sendable {
    public var questionID: String
    public var userID: String

    public init(questionID: String, userID: String) {
        self.questionID = questionID
        self.userID = userID
    }
}

extension AnswerRecord {
    public var key: AnswerKey { AnswerKey(questionID: questionID, userID: userID) }
}
