import Classroom

/// A command that only a session's host may give.
enum HostAction: Sendable {
    case start, next, close, end, kick, lock

    static let events: [(String, HostAction)] = [
        ("quiz:start", .start), ("quiz:next", .next), ("quiz:close", .close), ("quiz:end", .end), ("quiz:kick", .kick),
        ("quiz:lock", .lock),
    ]
}

/// Creating and controlling a session.
extension QuizHandler {
    @Sendable func create(_ data: Payload, _ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        pipeline.identified(request, connection) { [self] user in
            let creation = SessionCreation(
                quizID: data["quizId"]?.string ?? "", sessionID: data["sessionId"]?.string, settings: data["settings"])
            let (service, responder, context) = (service, request.responder, context(request, connection))
            return pipeline.perform(request, connection) { [pipeline] in
                if let waitMs = await pipeline.cluster?.take(.creations(user.id, pipeline.configuration.creationRate)) {
                    throw RequestLimits.refusal(of: .creation, waitMs)
                }
                let created = try await service.createSession(creation, user, context)
                responder.succeed("quiz:session:created", JSONBody(created))
                return created.sessionId
            } then: { [self] sessionID in
                entered(sessionID, connection, user)
            }
        }
    }

    @Sendable func observe(_ data: Payload, _ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        pipeline.identified(request, connection) { [self] user in
            let sessionID = data["sessionId"]?.string ?? ""
            let (service, context) = (service, context(request, connection))
            return pipeline.perform(request, connection) { [pipeline] in
                if let waitMs = await pipeline.cluster?.take(.observations(user.id, pipeline.configuration.joinRate)) {
                    throw RequestLimits.refusal(of: .observe, waitMs)
                }
                let snapshot = try await service.observeSession(sessionID, user, context)
                context.reply(SessionReply(.observing(snapshot)))
            } then: { [self] in
                entered(sessionID, connection, user)
            }
        }
    }

    func control(
        _ action: HostAction, _ data: Payload, _ request: ClientRequest, _ connection: ClientState
    ) -> RequestOutcome {
        pipeline.identified(request, connection) { [self] user in
            // There is no default: an omitted field must not end a session.
            guard let sessionID = data["sessionId"]?.string else {
                request.responder.fail(ClassroomError(.invalid, "Validation error: \"sessionId\" is required"))
                return .finished
            }
            let (service, context) = (service, context(request, connection))
            let kicked = data["userId"]?.string ?? ""
            let seen = data["questionId"]?.string
            let isLocked = data["locked"]?.bool ?? true
            return pipeline.perform(request, connection) {
                let reply =
                    switch action {
                    case .start: try await service.startSession(sessionID, user, context)
                    case .next: try await service.nextQuestion(sessionID, seen: seen, user, context)
                    case .close: try await service.closeQuestion(sessionID, seen: seen, user, context)
                    case .end: try await service.endSession(sessionID, seen: seen, user, context)
                    case .kick: try await service.kick(kicked, from: sessionID, seen: seen, user, context)
                    case .lock: try await service.lock(sessionID, isLocked: isLocked, user, context)
                    }
                context.reply(reply)
            } then: { [self] in
                entered(sessionID, connection, user)
            }
        }
    }
}
