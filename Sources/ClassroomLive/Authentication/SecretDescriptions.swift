public import Classroom

// Who holds a secret describes itself without it. Loggers print what they are given: a service group its services, with all that is in them.

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
extension ClientConnection: SelfRedacting {}
extension SessionCall: SelfRedacting {}
extension SignedIn: SelfRedacting {}
extension RequestLimits.Guess: SelfRedacting {}
