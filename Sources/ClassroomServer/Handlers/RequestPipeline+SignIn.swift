import Classroom

extension RequestPipeline {
    static let signInFirst = ClassroomError(.unauthenticated, "Sign in first")

    /// Carries out what only somebody signed in may do: verifies the request's token if it has one, charges what is still to be charged.
    func identified(
        _ request: ClientRequest, _ connection: ClientConnection, then perform: @escaping (User) -> RequestOutcome
    ) -> RequestOutcome {
        guard case .token(let token) = request.identity, token != connection.token else {
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
        _ request: ClientRequest, _ connection: ClientConnection, _ perform: (User) -> RequestOutcome
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

    /// Signs the socket in; `then` gets the refusal, if there is one. A failed sign-in leaves the socket as it was.
    func signIn(_ connection: ClientConnection, token: String, then: @escaping (ClassroomError?) -> Void) {
        connection.isSigningIn = true
        let authentication = authentication
        wait(connection, for: { try await authentication.verifyToken(token) }) { result in
            connection.isSigningIn = false
            switch result {
            case .success(let user?):
                connection.become(user, token: token)
                then(nil)
            case .success(nil): then(.invalidToken)
            case .failure(let error): then(error)
            }
        }
    }
}
