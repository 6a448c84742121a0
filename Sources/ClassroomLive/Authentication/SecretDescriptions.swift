public import Classroom

// A value with a secret describes itself without it. Loggers print whole values: a service group prints its services and all that they contain.

extension JWTKey: SelfRedacting {
    public var redactedDescription: String { "JWTKey(\(algorithm))" }
}

extension JWTConfiguration: SelfRedacting {
    public var redactedDescription: String { "JWTConfiguration(\(key.algorithm))" }
}

extension JWTVerifier: SelfRedacting {}
extension JWTAuthentication: SelfRedacting {}
extension JWTSignatureCheck: SelfRedacting {}
extension JWTParts: SelfRedacting {}

extension GuestAdmission: SelfRedacting {
    public var redactedDescription: String { "GuestAdmission(\(user.id))" }
}

extension ClientRequest.Identity: SelfRedacting {}
extension ClientState: SelfRedacting {}
extension SessionCall: SelfRedacting {}
extension SignedIn: SelfRedacting {}
extension RequestLimits.Guess: SelfRedacting {}
