import Classroom
import NIOCore

/// What somebody asks of a session, as a value: the node that runs the session carries it out.
enum SessionAction: Sendable, Hashable, Codable {
    /// Whether somebody new could join under this name.
    case mayJoin(nickname: String)
    case join
    case observe(managesQuizzes: Bool)
    case leave
    case answer(questionID: String, answer: Answer, timeSpent: Double?)
    case start
    /// `seen`: see ``SessionCommand``.
    case next(seen: String?)
    case close(seen: String?)
    case end(seen: String?)
    case kick(userID: String, seen: String?)
    case lock(isLocked: Bool)
    /// The whole board. `managesQuizzes`: the caller's permission; nil: the program around it asks, which may see every board.
    case board(managesQuizzes: Bool?)

    /// The row may have been deleted, or replaced by another session's, behind the server's back. Writes find that out by themselves.
    var checksRow: Bool {
        switch self {
        case .answer, .leave: false
        default: true
        }
    }

    /// True if it may be carried out again when nobody knows whether it was: the second time changes nothing more, and is answered alike.
    var isRepeatable: Bool {
        switch self {
        case .mayJoin, .join, .observe, .leave, .answer, .kick, .lock, .board: true
        case .start, .next, .close, .end: false
        }
    }

    /// The part that a socket has in the session from then on.
    var part: SessionRoster.Part? {
        switch self {
        case .join: .player
        case .observe: .observer
        case .start, .next, .close, .end, .kick, .lock: .host
        case .mayJoin, .leave, .answer, .board: nil
        }
    }

    /// The command of a host's action.
    func command(by userID: String) -> SessionCommand? {
        switch self {
        case .start: .start(by: userID)
        case .next(let seen): .next(by: userID, seen: seen)
        case .close(let seen): .close(by: userID, seen: seen)
        case .end(let seen): .end(by: userID, seen: seen)
        case .kick(let kicked, let seen): .kick(userID: kicked, by: userID, seen: seen)
        case .lock(let isLocked): .lock(isLocked, by: userID)
        case .mayJoin, .join, .observe, .leave, .answer, .board: nil
        }
    }

    /// About what it takes in memory while it waits for another node, a kilobyte for whoever waits included.
    var byteCount: Int {
        switch self {
        case .mayJoin(let text): 1_024 + text.utf8.count
        case .answer(let questionID, let answer, _): 1_024 + questionID.utf8.count + answer.byteCount
        default: 1_024
        }
    }
}

extension Answer {
    fileprivate var byteCount: Int {
        switch self {
        case .index: 8
        case .text(let text): text.utf8.count
        case .list(let answers): answers.reduce(0) { $0 + 16 + $1.byteCount }
        }
    }
}

/// The result of an action.
enum SessionAnswer: Sendable {
    /// Nothing stands in its way.
    case allowed
    case reply(SessionReply)
    case board(ByteBuffer)
}
