import Classroom
import SocketIOCore

extension RequestPipeline {
    static let signInFirst = ClassroomError(.unauthenticated, "Sign in first")

    /// Carries out a request that needs a signed-in user: verifies its token if it has one, and charges its limit if that is still open.
    ///
    /// - Parameter verifiesAgain: true to look up even the token that signed the socket in. Otherwise that token is trusted: a
    ///   ``TokenWatch`` signs the socket out soon after it has expired.
    func identified(
        _ request: ClientRequest, _ connection: ClientState, verifiesAgain: Bool = false,
        then perform: @escaping (User) -> RequestOutcome
    ) -> RequestOutcome {
        guard case .token(let token) = request.identity, verifiesAgain || !connection.isSignedIn(by: token) else {
            return proceed(request, connection, perform)
        }
        signIn(connection, token: token) { [self] refusal in
            let outcome: RequestOutcome
            if let refusal {
                request.responder.fail(refusal)
                outcome = .finished
            } else {
                outcome = proceed(request, connection, perform)
            }
            chargeWaiting(connection)
            if outcome == .finished { finish(request, connection) }
        }
        return .pending
    }

    private func proceed(
        _ request: ClientRequest, _ connection: ClientState, _ perform: (User) -> RequestOutcome
    ) -> RequestOutcome {
        guard let user = connection.user else {
            request.responder.fail(Self.signInFirst)
            return .finished
        }
        if let refusal = charge(request, user) {
            request.responder.fail(refusal)
            return .finished
        }
        return perform(user)
    }

    /// Signs the socket in; `then` gets the refusal, if there is one. A failed sign-in leaves the socket as it was, unless it was by the token
    /// that had signed the socket in.
    func signIn(_ connection: ClientState, token: String, then: @escaping (ClassroomError?) -> Void) {
        connection.isSigningIn = true
        let (socketID, address) = (connection.id, connection.address)
        wait(connection, for: { [self] in try await verify(token, socketID: socketID, address: address) }) { [self] result in
            connection.isSigningIn = false
            switch result {
            case .success(let user?):
                guard connection.user?.id == user.id || presence.hasRoom(for: user.id) else {
                    return then(Self.tooManySockets)
                }
                connection.become(user, token: token)
                then(nil)
            case .success(nil):
                if connection.isSignedIn(by: token) { connection.signOut() }
                then(.invalidToken)
            case .failure(let error): then(error)
            }
        }
    }

    static let tooManySockets = ClassroomError(.unavailable, "This user has too many connections", retryAfterMs: 10_000)

    /// The user of a token. Failed guesses are counted, and beyond the limit refused without a look-up.
    ///
    /// - Parameter socketID: nil for the HTTP API and for a handshake, which have no socket.
    func verify(_ token: String, socketID: String?, address: String) async throws -> User? {
        if let refusal = limits.refusal(of: .token(token), socketID: socketID, address: address, at: clock.now) { throw refusal }
        let user = try await authentication.verifyToken(token)
        await guessed(.token(token), isRight: user != nil, socketID: socketID, address: address)
        return user
    }

    /// Records the result of a look-up. One in vain counts here, and at all servers together.
    func guessed(_ guess: RequestLimits.Guess, isRight: Bool, socketID: String?, address: String) async {
        limits.guessed(guess, isRight: isRight, socketID: socketID, address: address, at: clock.now)
        guard !isRight, let cluster else { return }
        let bucket = RequestLimits.sharedBucket(of: guess, address: address, isAccount: socketID == address, configuration)
        if let waitMs = await cluster.take(bucket) { limits.hold(guess, address: address, for: waitMs, at: clock.now) }
    }

    /// Signs a socket out whose token has expired, after the requests that arrived before.
    func lapse(_ token: String, _ connection: ClientState) {
        let request = ClientRequest(
            responder: Responder(
                event: AuthHandler.event, socket: connection.reference, acknowledge: nil, sentAt: nil, counters: counters),
            payload: .null, lane: .exclusive, receivedAt: clock.now, identity: .none, limit: nil)
        connection.queue.enqueue(request) { request in
            if connection.isSignedIn(by: token) {
                connection.signOut()
                request.responder.fail(.invalidToken)
            }
            return .finished
        }
    }
}
