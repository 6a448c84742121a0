public import Classroom

/// The origin of a request, and a way to answer it early.
public struct CallContext: Sendable {
    /// The caller's socket. Nil for the HTTP API.
    public var socket: SessionSocket?
    /// The time of receipt, in milliseconds since 1970.
    public var receivedAt: UnixMilliseconds
    /// The mark of the caller's browser, if it gave one: two joins with the same mark come from one person.
    public var device: String?
    private let onReply: @Sendable (SessionReply) -> Void

    public init(
        socket: SessionSocket? = nil, receivedAt: UnixMilliseconds, device: String? = nil,
        onReply: @escaping @Sendable (SessionReply) -> Void = { _ in }
    ) {
        self.socket = socket
        self.receivedAt = receivedAt
        self.device = device
        self.onReply = onReply
    }

    /// Answers now: whatever the caller's thread sends next arrives after the answer. Only the first answer counts.
    public func reply(_ reply: SessionReply) { onReply(reply) }

    /// The same context, with a change to each reply.
    func changingReplies(_ change: @escaping @Sendable (SessionReply) -> SessionReply) -> CallContext {
        let onReply = onReply
        return CallContext(socket: socket, receivedAt: receivedAt, device: device) { onReply(change($0)) }
    }
}

/// An answer to a request.
public struct SessionReply: Sendable, Hashable {
    public var event: SessionEvent
    /// The event also goes to the room: the caller gets its payload in the acknowledgement only.
    public var isRoomEvent: Bool

    public init(_ event: SessionEvent, isRoomEvent: Bool = false) {
        self.event = event
        self.isRoomEvent = isRoomEvent
    }
}

/// The payload of `quiz:create_session`.
public struct SessionCreation: Sendable, Hashable {
    public var quizID: String
    /// If nil, the service chooses one.
    public var sessionID: String?
    /// As the client sent them.
    public var settings: Payload?

    public init(quizID: String, sessionID: String? = nil, settings: Payload? = nil) {
        self.quizID = quizID
        self.sessionID = sessionID
        self.settings = settings
    }
}

/// `quiz:session:created`.
public struct CreatedSession: Sendable, Hashable, Encodable {
    public var sessionId: String
    public var quizId: String
    public var title: String
    public var status: SessionStatus
    public var joinCode: String?

    public init(sessionId: String, quizId: String, title: String, status: SessionStatus = .waiting, joinCode: String?) {
        self.sessionId = sessionId
        self.quizId = quizId
        self.title = title
        self.status = status
        self.joinCode = joinCode
    }
}

/// A guest who has joined.
public struct GuestAdmission: Sendable, Hashable {
    public var user: User
    /// The guest's token from now on.
    public var token: String
    public var snapshot: SessionSnapshot

    public init(user: User, token: String, snapshot: SessionSnapshot) {
        self.user = user
        self.token = token
        self.snapshot = snapshot
    }
}

/// A session's whole board.
public struct LeaderboardReport: Sendable, Hashable {
    /// Everybody, best first.
    public var entries: [LeaderboardEntry]
    public var summary: LeaderboardSummary

    public init(entries: [LeaderboardEntry], summary: LeaderboardSummary) {
        self.entries = entries
        self.summary = summary
    }
}
