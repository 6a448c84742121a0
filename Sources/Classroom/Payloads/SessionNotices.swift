/// `quiz:started`: the first question comes after `startsInMs`.
public struct QuizStarted: Hashable, Sendable, Codable {
    public var sessionId: String
    public var title: String
    public var questionCount: Int
    public var startsInMs: Int

    public init(sessionId: String, title: String, questionCount: Int, startsInMs: Int) {
        self.sessionId = sessionId
        self.title = title
        self.questionCount = questionCount
        self.startsInMs = startsInMs
    }
}

/// `quiz:ended`; a player also gets their own place.
public struct QuizEnded: Hashable, Sendable, Codable {
    public var sessionId: String
    public var title: String
    public var status: SessionStatus
    public var questionCount: Int
    public var players: Int
    public var you: OwnStanding?

    public init(
        sessionId: String, title: String, status: SessionStatus = .ended, questionCount: Int, players: Int, you: OwnStanding? = nil
    ) {
        self.sessionId = sessionId
        self.title = title
        self.status = status
        self.questionCount = questionCount
        self.players = players
        self.you = you
    }
}

/// `quiz:left`.
public struct SessionLeft: Hashable, Sendable, Codable {
    public var sessionId: String

    public init(sessionId: String) { self.sessionId = sessionId }
}

/// `quiz:kicked`, to the host and to the removed player.
public struct SessionKicked: Hashable, Sendable, Codable {
    public var sessionId: String
    public var userId: String

    public init(sessionId: String, userId: String) {
        self.sessionId = sessionId
        self.userId = userId
    }
}

/// `quiz:locked`, to the host's sockets.
public struct SessionLocked: Hashable, Sendable, Codable {
    public var sessionId: String
    public var locked: Bool

    public init(sessionId: String, locked: Bool) {
        self.sessionId = sessionId
        self.locked = locked
    }
}

/// `quiz:progress`, to the host: how many of the players have answered the open question (self-paced: every question).
public struct Progress: Hashable, Sendable, Codable {
    public var sessionId: String
    public var questionId: String?
    public var answered: Int
    /// The players who are connected, and those who answered before they left.
    public var players: Int
    /// The user ids of the players on the board who are not connected, the first of them in the order of joining; absent if there are none.
    public var away: [String]?

    public init(sessionId: String, questionId: String? = nil, answered: Int, players: Int, away: [String]? = nil) {
        self.sessionId = sessionId
        self.questionId = questionId
        self.answered = answered
        self.players = players
        self.away = away
    }
}
