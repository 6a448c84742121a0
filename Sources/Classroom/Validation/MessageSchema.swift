/// The payload of every event that a client may send.
enum MessageSchema {
    static func read(_ event: String, _ payload: Payload) throws(ClassroomError) -> Payload {
        var fields = try PayloadReader(payload)
        switch event {
        case "auth":
            // A missing token is for authentication to refuse, in its own words.
            try fields.text("token", maximumLength: 8_192)
        case "quiz:create_session":
            try fields.name("quizId", isRequired: true)
            try fields.identifier("sessionId")
            try fields.settings("settings")
        case "quiz:join":
            try join(&fields)
        case "quiz:observe":
            try fields.identifier("sessionId", isRequired: true)
        case "quiz:start", "quiz:leave":
            try fields.identifier("sessionId")
        case "quiz:next", "quiz:close", "quiz:end":
            try fields.identifier("sessionId")
            try fields.name("questionId")
        case "quiz:lock":
            try fields.identifier("sessionId")
            try fields.flag("locked")
        case "quiz:kick":
            try fields.identifier("sessionId")
            try fields.name("questionId")
            try fields.name("userId", isRequired: true)
        case "quiz:answer":
            try fields.identifier("sessionId")
            try fields.name("questionId", isRequired: true)
            try fields.answer("answer")
            try fields.number("timeSpent", in: 0...3_600)
            try fields.text("token", maximumLength: 8_192)
        case "chat:join":
            try fields.identifier("roomId", isRequired: true)
        case "chat:leave":
            try fields.identifier("roomId")
        case "chat:message":
            try fields.identifier("roomId")
            try fields.chatContent("content")
            try fields.choice("type", of: ["text"], default: "text")
            try fields.text("clientId", maximumLength: 64)
        case "dashboard:subscribe":
            try fields.names("metrics", maximumCount: 64)
            try fields.number("intervalMs", in: 100...60_000)
        case "dashboard:unsubscribe":
            break
        default:
            throw ClassroomError(.invalid, "Validation error: \"\(event.prefix(64))\" is not an event of this server")
        }
        fields.keep("_sentAt") { $0.number != nil }
        return fields.result
    }

    private static func join(_ fields: inout PayloadReader) throws(ClassroomError) {
        try fields.identifier("sessionId")
        try fields.joinCode("joinCode")
        try fields.text("token", maximumLength: 8_192)
        try fields.text("nickname", maximumLength: Nickname.maximumRawBytes)
        // A mark without a meaning of its own: one that cannot be a mark is none.
        fields.keep("deviceId") { $0.string.map(Identifier.isValid) ?? false }
        guard fields.has("sessionId") || fields.has("joinCode") else {
            throw ClassroomError(.invalid, "Validation error: \"sessionId\" or \"joinCode\" is required")
        }
    }
}
