import Classroom

extension [SessionEffect] {
    /// Everything that leaves the server, with its audience; nil: the caller alone.
    var events: [(event: SessionEvent, audience: Audience?)] {
        compactMap { effect in
            switch effect {
            case .reply(let event), .acknowledge(let event): (event, nil)
            case .emit(let event, let audience): (event, audience)
            case .answered(let key, let result): (.answerResult(result), .user(key.userID))
            default: nil
            }
        }
    }

    var questions: [(QuestionPayload, Audience?)] {
        events.compactMap { event, audience in
            if case .question(let payload) = event { (payload, audience) } else { nil }
        }
    }

    var closings: [(QuestionClosed, Audience?)] {
        events.compactMap { event, audience in
            if case .questionClosed(let payload) = event { (payload, audience) } else { nil }
        }
    }

    var results: [AnswerResult] {
        events.compactMap { event, _ in
            if case .answerResult(let payload) = event { payload } else { nil }
        }
    }

    var snapshot: SessionSnapshot? {
        events.lazy.compactMap { event, _ in
            switch event {
            case .joined(let payload), .observing(let payload): payload
            default: nil
            }
        }.first
    }

    var ends: [QuizEnded] {
        events.compactMap { event, _ in
            if case .ended(let payload) = event { payload } else { nil }
        }
    }

    var boardChanges: Int {
        count { if case .leaderboardChanged = $0 { true } else { false } }
    }
}
