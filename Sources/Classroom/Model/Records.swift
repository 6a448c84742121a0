/// A point in time, in milliseconds since 1970.
public typealias UnixMilliseconds = Int64

public enum SessionStatus: String, Sendable, Codable { case waiting, active, ended }

/// Where a session stands in the database: enough to resume it, deadlines included, after a crash.
public struct SessionRecord: Hashable, Sendable {
    public var id: String
    public var quizID: String
    public var status: SessionStatus
    public var joinCode: String?
    /// The owner's user id.
    public var createdBy: String
    public var settings: SessionSettings
    /// Phase within `active`: `leadIn`, `open`, `closed`; nil in a row that somebody wrote by hand.
    public var phase: String?
    /// Index of the current question, from 0; -1 before the first.
    public var questionIndex: Int
    /// When the current question opened (or, in the lead-in, will open).
    public var questionOpenedAt: UnixMilliseconds?
    /// When the current question closes.
    public var questionDeadline: UnixMilliseconds?
    public var createdAt: UnixMilliseconds
    public var startedAt: UnixMilliseconds?
    public var endedAt: UnixMilliseconds?
    /// Increases with every change of the board; versions never go back.
    public var version: Int
    /// Nobody new may join.
    public var isLocked: Bool
    /// Rises with each server that becomes the session's owner (a fencing token): writes that were decided in a lower one are refused.
    public var epoch: Int

    public init(
        id: String, quizID: String, status: SessionStatus = .waiting, joinCode: String? = nil, createdBy: String,
        settings: SessionSettings = .init(), phase: String? = nil, questionIndex: Int = -1, questionOpenedAt: UnixMilliseconds? = nil,
        questionDeadline: UnixMilliseconds? = nil, createdAt: UnixMilliseconds = 0, startedAt: UnixMilliseconds? = nil,
        endedAt: UnixMilliseconds? = nil, version: Int = 0, isLocked: Bool = false, epoch: Int = 0
    ) {
        self.id = id
        self.quizID = quizID
        self.status = status
        self.joinCode = joinCode
        self.createdBy = createdBy
        self.settings = settings
        self.phase = phase
        self.questionIndex = questionIndex
        self.questionOpenedAt = questionOpenedAt
        self.questionDeadline = questionDeadline
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.version = version
        self.isLocked = isLocked
        self.epoch = epoch
    }

    /// The owner's; a row written by hand may name none, and then it is that of whoever manages quizzes.
    public func isHosted(by userID: String, managesQuizzes: Bool) -> Bool {
        Self.isHosted(owner: createdBy, by: userID, managesQuizzes: managesQuizzes)
    }

    /// ``isHosted(by:managesQuizzes:)`` of a session of which only the owner is known.
    public static func isHosted(owner: String, by userID: String, managesQuizzes: Bool) -> Bool {
        owner == userID || (owner.isEmpty && managesQuizzes)
    }

    /// Whether the quiz is one that this session may play: not somebody else's who took the id of one that is gone. A session whose row names
    /// no owner plays any.
    public func mayPlay(_ quiz: Quiz) -> Bool { createdBy.isEmpty || quiz.mayBeHosted(by: createdBy) }
}

/// A session as a list shows it: without its settings, which may hold an extra time for each player.
public struct SessionSummary: Hashable, Sendable {
    public var id: String
    public var quizID: String
    public var status: SessionStatus
    public var pace: SessionSettings.Pace
    public var joinCode: String?
    public var createdBy: String
    public var createdAt: UnixMilliseconds
    public var startedAt: UnixMilliseconds?
    public var endedAt: UnixMilliseconds?

    public init(
        id: String, quizID: String, status: SessionStatus, pace: SessionSettings.Pace, joinCode: String?, createdBy: String,
        createdAt: UnixMilliseconds, startedAt: UnixMilliseconds?, endedAt: UnixMilliseconds?
    ) {
        self.id = id
        self.quizID = quizID
        self.status = status
        self.pace = pace
        self.joinCode = joinCode
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    public init(_ session: SessionRecord) {
        self.init(
            id: session.id, quizID: session.quizID, status: session.status, pace: session.settings.pace, joinCode: session.joinCode,
            createdBy: session.createdBy, createdAt: session.createdAt, startedAt: session.startedAt, endedAt: session.endedAt)
    }
}

/// Which session: a row that was deleted and written anew has the same id and another time of creation.
public struct SessionIncarnation: Hashable, Sendable {
    public var id: String
    public var createdAt: UnixMilliseconds

    public init(id: String, createdAt: UnixMilliseconds) {
        self.id = id
        self.createdAt = createdAt
    }
}

/// One who joined a session. A kicked participant stays kicked.
public struct ParticipantRecord: Hashable, Sendable {
    public var sessionID: String
    public var userID: String
    /// The name shown in this session; unique within it after case folding.
    public var username: String
    public var joinedAt: UnixMilliseconds
    public var kicked: Bool
    public var left: Bool
    /// In a self-paced session: when the question that this player now has was sent to them.
    public var questionSentAt: UnixMilliseconds?
    /// The mark of the browser that joined, if it gave one: who was removed does not come back under another name.
    public var device: String?

    public init(
        sessionID: String, userID: String, username: String, joinedAt: UnixMilliseconds, kicked: Bool = false, left: Bool = false,
        questionSentAt: UnixMilliseconds? = nil, device: String? = nil
    ) {
        self.sessionID = sessionID
        self.userID = userID
        self.username = username
        self.joinedAt = joinedAt
        self.kicked = kicked
        self.left = left
        self.questionSentAt = questionSentAt
        self.device = device
    }
}

/// One answer, scored. (session, question, user) is unique; the scores of a session are a fold over these.
public struct AnswerRecord: Hashable, Sendable {
    public var sessionID: String
    public var questionID: String
    public var userID: String
    public var answer: Answer
    public var correct: Bool
    /// Points without the bonus.
    public var score: Int
    public var timeBonus: Int
    /// Server time from the opening of the question to the receipt of the answer.
    public var elapsedMs: Int
    /// What the client claims, in seconds; advice only.
    public var timeSpent: Double?
    public var answeredAt: UnixMilliseconds

    public init(
        sessionID: String, questionID: String, userID: String, answer: Answer, correct: Bool, score: Int, timeBonus: Int,
        elapsedMs: Int, timeSpent: Double? = nil, answeredAt: UnixMilliseconds
    ) {
        self.sessionID = sessionID
        self.questionID = questionID
        self.userID = userID
        self.answer = answer
        self.correct = correct
        self.score = score
        self.timeBonus = timeBonus
        self.elapsedMs = elapsedMs
        self.timeSpent = timeSpent
        self.answeredAt = answeredAt
    }

    public var points: Int { score + timeBonus }
}

/// A chat message as stored and as sent. `sequence` rises by one within a room.
public struct ChatMessage: Hashable, Sendable {
    public var id: String
    public var roomID: String
    public var userID: String
    public var username: String
    public var content: String
    public var type: String
    public var sentAt: UnixMilliseconds
    public var sequence: Int
    public var clientID: String?

    public init(
        id: String, roomID: String, userID: String, username: String, content: String, type: String = "text",
        sentAt: UnixMilliseconds, sequence: Int, clientID: String? = nil
    ) {
        self.id = id
        self.roomID = roomID
        self.userID = userID
        self.username = username
        self.content = content
        self.type = type
        self.sentAt = sentAt
        self.sequence = sequence
        self.clientID = clientID
    }
}
