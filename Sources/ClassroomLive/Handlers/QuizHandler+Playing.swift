import Classroom
import SocketIOCore

/// Joining, answering, leaving.
extension QuizHandler {
    @Sendable func join(_ data: Payload, _ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        if request.isGuest, connection.user == nil { return joinAsGuest(data, request, connection) }
        return pipeline.identified(request, connection, verifiesAgain: true) { [self] user in
            let find: FindSession
            do throws(ClassroomError) {
                find = try finder(data, connection)
            } catch {
                request.responder.fail(error)
                return .finished
            }
            let (service, context) = (service, context(request, connection, device: data["deviceId"]?.string))
            return pipeline.perform(request, connection) { [pipeline] in
                if let waitMs = await pipeline.cluster?.take(.joins(user.id, pipeline.configuration.joinRate)) {
                    throw RequestLimits.refusal(of: .join, waitMs)
                }
                let sessionID = try await find()
                let snapshot = try await service.joinSession(sessionID, user, context)
                context.reply(SessionReply(.joined(snapshot)))
                return sessionID
            } then: { [self] sessionID in
                entered(sessionID, asPlayer: true, connection, user)
            }
        }
    }

    private func joinAsGuest(_ data: Payload, _ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        let find: FindSession
        do throws(ClassroomError) {
            // Only a join code admits somebody without an account.
            find = try codeFinder(data, connection)
        } catch {
            request.responder.fail(error)
            return .finished
        }
        let nickname = data["nickname"]?.string ?? ""
        let address = connection.address
        let (service, context) = (service, context(request, connection, device: data["deviceId"]?.string))
        return pipeline.perform(request, connection) { [pipeline] in
            let sessionID = try await find()
            if let refusal = pipeline.limits.takeGuest(address: address, at: pipeline.clock.now) { throw refusal }
            if let waitMs = await pipeline.cluster?.take(.guests(address, pipeline.configuration.guestRateOfAddress)) {
                throw RequestLimits.refusalOfGuest(waitMs)
            }
            let admission = try await service.joinGuest(sessionID, nickname: nickname, context)
            context.reply(SessionReply(.joined(admission.snapshot)))
            return (sessionID, admission)
        } then: { [self] sessionID, admission in
            connection.become(admission.user, token: admission.token)
            pipeline.chargeWaiting(connection)
            entered(sessionID, asPlayer: true, connection, admission.user)
        }
    }

    private typealias FindSession = @Sendable () async throws -> String

    /// How a join names its session: by id or by code.
    private func finder(_ data: Payload, _ connection: ClientState) throws(ClassroomError) -> FindSession {
        if let sessionID = data["sessionId"]?.string { return { sessionID } }
        return try codeFinder(data, connection)
    }

    /// Limits the guesses of codes. If the join names an id too, it must be that of the code's session.
    private func codeFinder(_ data: Payload, _ connection: ClientState) throws(ClassroomError) -> FindSession {
        let named = data["sessionId"]?.string
        let code = data["joinCode"]?.string ?? ""
        let (socketID, address) = guesser(connection)
        let guess = RequestLimits.Guess.joinCode(code)
        if let refusal = pipeline.limits.refusal(of: guess, socketID: socketID, address: address, at: pipeline.clock.now) { throw refusal }
        return { [pipeline, service] in
            do {
                let sessionID = try await service.sessionID(joinCode: code)
                guard named == nil || named == sessionID else { throw ClassroomError.sessionNotFound }
                await pipeline.guessed(guess, isRight: true, socketID: socketID, address: address)
                return sessionID
            } catch let error as ClassroomError where error.code == .notFound {
                await pipeline.guessed(guess, isRight: false, socketID: socketID, address: address)
                throw error
            }
        }
    }

    /// Who is charged for wrong codes. For a user with an account it is that user, over all sockets, and nobody else at the same address.
    /// Anybody else could come back as somebody new, so the socket and the address are charged.
    private func guesser(_ connection: ClientState) -> (socketID: String, address: String) {
        guard let user = connection.user, user.role != .guest else { return (connection.id, connection.address) }
        return ("user:\(user.id)", "user:\(user.id)")
    }

    @Sendable func answer(_ data: Payload, _ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        pipeline.identified(request, connection) { [self] user in
            let sessionID: String
            let answer: Answer
            do throws(ClassroomError) {
                guard let session = data["sessionId"]?.string ?? connection.sessions.joinedLast else {
                    throw ClassroomError(.forbidden, "Join a session first")
                }
                sessionID = session
                guard let given = data["answer"].flatMap(Answer.init(payload:)) else {
                    throw ClassroomError(.invalid, "Validation error: \"answer\" is required")
                }
                answer = given
            } catch {
                request.responder.fail(error)
                return .finished
            }
            let questionID = data["questionId"]?.string ?? ""
            let timeSpent = data["timeSpent"]?.number
            let (service, context) = (service, context(request, connection))
            return pipeline.perform(request, connection) { [pipeline] in
                if let waitMs = await pipeline.cluster?.take(.answers(user.id, pipeline.configuration.answerRate)) {
                    throw RequestLimits.refusal(of: .answer, waitMs)
                }
                let result = try await service.submitAnswer(sessionID, questionID, user, answer, timeSpent: timeSpent, context)
                context.reply(SessionReply(.answerResult(result)))
            }
        }
    }

    /// Leaving a session or a room that was not joined is no error.
    @Sendable func leave(_ data: Payload, _ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        // A session that the socket joined comes before one that it watches.
        let sessionID = data["sessionId"]?.string ?? connection.sessions.joinedLast ?? connection.sessions.last?.sessionID
        guard let sessionID, let user = connection.user, connection.sessions.contains(sessionID) else {
            let left = sessionID.map { JSONBody(SessionLeft(sessionId: $0)) } ?? .empty
            request.responder.succeed("quiz:left", left)
            return .finished
        }
        let (service, context) = (service, context(request, connection))
        return pipeline.perform(request, connection) {
            let left = try await service.leaveSession(sessionID, user, context)
            context.reply(SessionReply(.left(left)))
        } then: {
            connection.sessions.leave(sessionID)
        }
    }
}
