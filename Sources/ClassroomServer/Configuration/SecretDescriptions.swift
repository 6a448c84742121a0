public import Classroom

// A value with a secret describes itself without it. Loggers print whole values: a service group prints its services and all that they contain.

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
