import Classroom
import JSONCore

/// The names in a message of another node are kept, compared and hashed. Swift normalises them for that, in quadratic time where one letter
/// has many marks. So a message with a name that no node would send is refused as a whole.
extension NodeMessage {
    /// Bytes of the name of a node.
    static let maximumNodeBytes = 64
    /// Bytes of the id of a socket.
    static let maximumSocketIDBytes = 64
    /// Bytes of any other name: 128 UTF-16 units, as clients may send them.
    static let maximumNameBytes = 384
    /// Sessions that one message lists or counts: a node knows the places of no more.
    static let maximumSessions = 10_000

    var hasValidNames: Bool { !from.isEmpty && from.isWithin(Self.maximumNodeBytes) && body.hasValidNames }

    /// Whether the names of a beat are valid. Asked before the message is decoded, since a dictionary hashes them.
    static func hasValidCounts(_ message: JSONSlice) -> Bool {
        guard let counts = message["body"]?["beat"]?["counts"] else { return true }
        return !counts.isLonger(than: maximumSessions) && counts.members.allSatisfy { Identifier.isValid($0.key) }
    }
}

extension NodeMessage.Body {
    fileprivate var hasValidNames: Bool {
        switch self {
        case .request(let request): request.hasValidNames
        case .answer(let answer): answer.result.hasValidNames
        case .left(let left): left.hasValidNames
        case .seats(let report):
            Identifier.isValid(report.sessionID)
                && report.seats.allSatisfy {
                    $0.socketID.isWithin(NodeMessage.maximumSocketIDBytes) && $0.userID.isWithin(TokenLimits.maximumUserIDBytes)
                }
        case .seatsRefused(let sockets): sockets.allSatisfy(\.hasValidNames)
        case .seatsWanted(let ids), .unknown(let ids): ids.count <= NodeMessage.maximumSessions && ids.allSatisfy(Identifier.isValid)
        case .owner(let id, _, _), .over(let id): Identifier.isValid(id)
        case .beat(let counts): counts.count <= NodeMessage.maximumSessions && counts.keys.allSatisfy(Identifier.isValid)
        case .broadcast(let broadcast):
            Identifier.isValid(broadcast.stage.sessionID)
                && broadcast.rooms.allSatisfy { $0.isWithin(NodeMessage.maximumNameBytes) }
                && broadcast.except.allSatisfy { $0.isWithin(NodeMessage.maximumNameBytes) }
        }
    }
}

extension SocketLeft {
    fileprivate var hasValidNames: Bool {
        Identifier.isValid(sessionID) && socketID.isWithin(NodeMessage.maximumSocketIDBytes)
            && userID.isWithin(TokenLimits.maximumUserIDBytes)
    }
}

extension ForwardedRequest {
    fileprivate var hasValidNames: Bool {
        Identifier.isValid(sessionID) && userID.isWithin(TokenLimits.maximumUserIDBytes) && username.isWithin(Nickname.maximumRawBytes)
            && socketID?.isWithin(NodeMessage.maximumSocketIDBytes) != false && device?.isWithin(Identifier.maximumLength) != false
            && action.hasValidNames
    }
}

extension ForwardedAnswer.Result {
    fileprivate var hasValidNames: Bool {
        switch self {
        case .reply(let event, _, _): event.isWithin(NodeMessage.maximumNameBytes)
        case .refused(let code, _, _): code.isWithin(NodeMessage.maximumNameBytes)
        case .allowed, .board, .moved: true
        }
    }
}

extension SessionAction {
    fileprivate var hasValidNames: Bool {
        switch self {
        case .mayJoin(let nickname): nickname.isWithin(Nickname.maximumRawBytes)
        case .answer(let questionID, let answer, _): questionID.isWithin(NodeMessage.maximumNameBytes) && answer.hasValidTexts
        case .next(let seen), .close(let seen), .end(let seen): seen?.isWithin(NodeMessage.maximumNameBytes) != false
        case .kick(let userID, let seen):
            userID.isWithin(NodeMessage.maximumNameBytes) && seen?.isWithin(NodeMessage.maximumNameBytes) != false
        case .join, .observe, .leave, .start, .lock, .board: true
        }
    }
}

extension Answer {
    /// A list has been bounded when it was decoded.
    fileprivate var hasValidTexts: Bool {
        switch self {
        case .index: true
        case .text(let text): text.isWithin(3 * AnswerRules.maximumTextLength)
        case .list(let answers): answers.allSatisfy(\.hasValidTexts)
        }
    }
}

extension String {
    fileprivate func isWithin(_ bytes: Int) -> Bool { utf8.count <= bytes }
}
