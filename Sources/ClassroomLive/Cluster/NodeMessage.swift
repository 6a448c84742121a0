import Classroom
import JSONCore
import NIOCore

/// A message from one node to another, or to all.
struct NodeMessage: Codable, Sendable {
    /// The node that sends it.
    var from: String
    /// Rises with each message of a node.
    var sequence: Int
    var body: Body

    enum Body: Codable, Sendable {
        case request(ForwardedRequest)
        case answer(ForwardedAnswer)
        /// A socket has left a session, or has another user now.
        case left(SocketLeft)
        /// All sockets of the sender in a session.
        case seats(SeatReport)
        /// The receiver runs these sessions and misses sockets of the sender, or has some too many.
        case seatsWanted(sessionIDs: [String])
        /// These sockets of the receiver have no seat in a session that the sender runs, such as those of users who were removed.
        case seatsRefused([SocketLeft])
        /// The sender runs the session now. `tellsAll`: what it said meanwhile may not have been heard.
        case owner(sessionID: String, epoch: Int, tellsAll: Bool)
        /// The session that the sender ran is over.
        case over(sessionID: String)
        /// The sender lives, and has so many sockets in these sessions of the receiver.
        case beat(counts: [String: Int])
        /// The sender does not run these sessions.
        case unknown(sessionIDs: [String])
        /// An event of a session that the sender runs, for sockets of the receiver.
        case broadcast(SessionBroadcast)
    }

    /// Bytes of a message that are read: the seats of the largest session, or its board, take a tenth of it.
    static let maximumBytes = 16 << 20
    static let maximumDepth = 32

    /// - Throws: the bytes are no message.
    init(_ bytes: ByteBuffer) throws {
        guard bytes.readableBytes <= Self.maximumBytes else { throw NodeMessageError() }
        let json = try JSONSlice(validating: bytes, maximumDepth: Self.maximumDepth)
        guard Self.hasValidCounts(json) else { throw NodeMessageError() }
        self = try json.decode()
        guard hasValidNames, Self.numbers.contains(Int64(sequence)), body.numbers.allSatisfy(Self.numbers.contains) else {
            throw NodeMessageError()
        }
    }

    /// The receiver reckons with the numbers of a message, which nodes take from counters and clocks. Sums of two of these do not overflow.
    private static let numbers: ClosedRange<Int64> = 0...1 << 53

    init(from: String, sequence: Int, body: Body) {
        self.from = from
        self.sequence = sequence
        self.body = body
    }

    var bytes: ByteBuffer {
        get throws {
            var writer = JSONWriter()
            try writer.encode(self)
            return writer.buffer
        }
    }
}

extension NodeMessage.Body {
    /// All numbers of the message itself. Those in events and replies are for clients.
    fileprivate var numbers: [Int64] {
        switch self {
        case .request(let request): [Int64(request.id), request.receivedAt]
        case .answer(let answer): [Int64(answer.id)] + answer.result.numbers
        case .seats(let report): [Int64(report.before)]
        case .owner(_, let epoch, _): [Int64(epoch)]
        case .beat(let counts): counts.values.map { Int64($0) }
        case .broadcast(let broadcast): [broadcast.stage.createdAt, Int64(broadcast.stage.epoch)]
        case .left, .seatsWanted, .seatsRefused, .over, .unknown: []
        }
    }
}

extension ForwardedAnswer.Result {
    fileprivate var numbers: [Int64] { if case .refused(_, _, let retryAfterMs?) = self { [Int64(retryAfterMs)] } else { [] } }
}

struct NodeMessageError: Error {}

/// What somebody asks of a session that the receiver runs. The sender has checked the caller's permissions.
struct ForwardedRequest: Codable, Sendable {
    var id: Int
    var sessionID: String
    var action: SessionAction
    var userID: String
    var username: String
    var role: User.Role
    /// nil: no socket asks.
    var socketID: String?
    /// The socket has joined the session as this user.
    var isPlayer: Bool
    var receivedAt: UnixMilliseconds
    var device: String?
}

struct ForwardedAnswer: Codable, Sendable {
    var id: Int
    var result: Result

    enum Result: Codable, Sendable {
        case allowed
        /// The event's name and payload, as ``SessionReply`` has them.
        case reply(event: String, payload: JSONSlice, isRoomEvent: Bool)
        case board(document: JSONSlice)
        case refused(code: String, message: String, retryAfterMs: Int?)
        /// Nothing was done: another node runs the session, or will soon.
        case moved
    }
}

/// An event for sockets of a session at other nodes, as its owner sent it.
struct SessionBroadcast: Codable, Sendable {
    /// In which incarnation and epoch of the session the owner decided it.
    var stage: SessionStage
    /// Rooms, or ids of sockets.
    var rooms: [String]
    /// Rooms, or ids of sockets, that are left out.
    var except: [String]
    /// `["name", argument, …]`.
    var event: JSONSlice
}

struct SocketLeft: Codable, Sendable {
    var sessionID: String
    var socketID: String
    var userID: String
}

struct SeatReport: Codable, Sendable {
    struct Seat: Codable, Sendable {
        var socketID: String
        var userID: String
        var parts: [SessionRoster.Part]
    }

    var sessionID: String
    var seats: [Seat]
    /// Sockets that are not among the seats and that came with a message before this one are gone.
    var before: Int
    /// They may have missed what the session said.
    var tellsAll: Bool
}

extension ForwardedAnswer.Result {
    init(_ answer: SessionAnswer) {
        switch answer {
        case .allowed: self = .allowed
        case .reply(let reply):
            self = .reply(event: reply.event.name, payload: JSONBody(reply.event).slice, isRoomEvent: reply.isRoomEvent)
        case .board(let document): self = .board(document: JSONSlice(unchecked: document))
        }
    }

    init(_ error: ClassroomError) {
        self = .refused(code: error.code.rawValue, message: error.message, retryAfterMs: error.retryAfterMs)
    }

    /// nil: ``moved``.
    func answer() throws -> Result<SessionAnswer, ClassroomError>? {
        switch self {
        case .allowed: return .success(.allowed)
        case .reply(let event, let payload, let isRoomEvent):
            return .success(.reply(SessionReply(try SessionEvent(name: event, payload: payload), isRoomEvent: isRoomEvent)))
        case .board(let document): return .success(.board(document.bytes))
        case .refused(let code, let message, let retryAfterMs):
            guard let code = ClassroomError.Code(rawValue: code) else { throw NodeMessageError() }
            return .failure(ClassroomError(code, message, retryAfterMs: retryAfterMs))
        case .moved: return nil
        }
    }
}

extension SessionEvent {
    /// An event as another node tells it.
    init(name: String, payload: JSONSlice) throws {
        switch name {
        case "quiz:joined": self = .joined(try payload.decode())
        case "quiz:observing": self = .observing(try payload.decode())
        case "quiz:left": self = .left(try payload.decode())
        case "quiz:started": self = .started(try payload.decode())
        case "quiz:question": self = .question(try payload.decode())
        case "quiz:question:closed": self = .questionClosed(try payload.decode())
        case "quiz:answer:result": self = .answerResult(try payload.decode())
        case "quiz:progress": self = .progress(try payload.decode())
        case "quiz:ended": self = .ended(try payload.decode())
        case "quiz:kicked": self = .kicked(try payload.decode())
        case "quiz:locked": self = .locked(try payload.decode())
        default: throw NodeMessageError()
        }
    }
}
