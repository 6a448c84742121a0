/// The part of a session that decides who may look into it, in memory or not. With it a stranger is refused before the quiz, the players and
/// the answers are read. Each check throws what the rules of ``QuizSession`` would throw.
public struct SessionAccess: Hashable, Sendable {
    public var status: SessionStatus
    /// The owner's user id. Empty if the row names no owner.
    public var createdBy: String
    /// Whether the user who asks has a participant's row, also one who left or was removed.
    public var hasJoined: Bool
    public var isKicked: Bool

    public init(status: SessionStatus, createdBy: String, hasJoined: Bool = false, isKicked: Bool = false) {
        self.status = status
        self.createdBy = createdBy
        self.hasJoined = hasJoined
        self.isKicked = isKicked
    }

    public func isHosted(by userID: String, managesQuizzes: Bool) -> Bool {
        SessionRecord.isHosted(owner: createdBy, by: userID, managesQuizzes: managesQuizzes)
    }

    /// A participant comes back to a session that has ended; nobody new comes in.
    public func requireMayJoin() throws(ClassroomError) {
        guard !isKicked else { throw QuizSession.removed }
        guard hasJoined || status != .ended else { throw QuizSession.over }
    }

    /// Everybody may observe a session until it has ended. After that it is shown to its host and its participants. A removed player must not
    /// come back as an observer.
    public func requireMayObserve(_ userID: String, managesQuizzes: Bool) throws(ClassroomError) {
        guard !isKicked else { throw QuizSession.removed }
        guard hasJoined || status != .ended || isHosted(by: userID, managesQuizzes: managesQuizzes) else { throw QuizSession.over }
    }

    public func requireMayAnswer() throws(ClassroomError) {
        guard hasJoined else { throw QuizSession.notJoined }
        guard !isKicked else { throw QuizSession.removed }
    }

    /// For a user who may manage quizzes; the permission itself is checked outside.
    public func requireHost(_ userID: String) throws(ClassroomError) {
        guard isHosted(by: userID, managesQuizzes: true) else { throw QuizSession.notHost }
    }

    /// Whether the user may see the whole board: players and hosts may.
    public func mayReadBoard(_ userID: String, managesQuizzes: Bool) -> Bool {
        (hasJoined && !isKicked) || isHosted(by: userID, managesQuizzes: managesQuizzes)
    }
}
