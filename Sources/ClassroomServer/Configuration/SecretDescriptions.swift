public import Classroom

// Who holds a secret describes itself without it. Loggers print what they are given: a service group its services, with all that is in them.

extension TokensFile: SelfRedacting {
    public var redactedDescription: String { "TokensFile(\(holders.count) tokens)" }
}

extension DemoClassroom.Access: SelfRedacting {}

extension DemoLink: SelfRedacting {
    public var redactedDescription: String { "DemoLink(\(role))" }
}

/// A database's URL may hold a password, and so may Redis's.
extension ClassroomConfiguration: SelfRedacting {
    public var redactedDescription: String { "ClassroomConfiguration(\(hostname):\(port))" }
}

extension ClassroomAssembly: SelfRedacting {}

extension ClassroomApplication: SelfRedacting {
    public var redactedDescription: String { "ClassroomApplication" }
}
