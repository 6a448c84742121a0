/// An event of a session with its payload, as the contract names them.
public enum SessionEvent: Hashable, Sendable {
    case joined(SessionSnapshot)
    case observing(SessionSnapshot)
    case left(SessionLeft)
    case started(QuizStarted)
    case question(QuestionPayload)
    case questionClosed(QuestionClosed)
    case answerResult(AnswerResult)
    case progress(Progress)
    case ended(QuizEnded)
    case kicked(SessionKicked)
    case locked(SessionLocked)

    public var name: String {
        switch self {
        case .joined: "quiz:joined"
        case .observing: "quiz:observing"
        case .left: "quiz:left"
        case .started: "quiz:started"
        case .question: "quiz:question"
        case .questionClosed: "quiz:question:closed"
        case .answerResult: "quiz:answer:result"
        case .progress: "quiz:progress"
        case .ended: "quiz:ended"
        case .kicked: "quiz:kicked"
        case .locked: "quiz:locked"
        }
    }
}

/// Encodes as its payload; the name travels apart.
extension SessionEvent: Encodable {
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .joined(let payload), .observing(let payload): try payload.encode(to: encoder)
        case .left(let payload): try payload.encode(to: encoder)
        case .started(let payload): try payload.encode(to: encoder)
        case .question(let payload): try payload.encode(to: encoder)
        case .questionClosed(let payload): try payload.encode(to: encoder)
        case .answerResult(let payload): try payload.encode(to: encoder)
        case .progress(let payload): try payload.encode(to: encoder)
        case .ended(let payload): try payload.encode(to: encoder)
        case .kicked(let payload): try payload.encode(to: encoder)
        case .locked(let payload): try payload.encode(to: encoder)
        }
    }
}
