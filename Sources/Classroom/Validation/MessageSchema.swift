/// The payload of every event that a client may send.
enum MessageSchema {
    /// One field of a payload. A field that no schema names is ignored.
    struct Field: Sendable {
        enum Rule: Sendable {
            /// See the members of ``PayloadReader``.
            case identifier, name, names(maximumCount: Int), text(maximumLength: Int), choice([String], default: String)
            case number(ClosedRange<Double>), flag, mark, joinCode, answer, chatContent, settings
        }

        var name: String
        var rule: Rule
        var isRequired = false
    }

    /// Every request may carry it; it comes back in the answer.
    static let latencyStamp = "_sentAt"

    static var events: [String] { schemas.keys.sorted() }

    /// The fields of an event; nil for an event that is none of this server's.
    static func fields(of event: String) -> [Field]? { schemas[event] }

    static func read(_ event: String, _ payload: Payload) throws(ClassroomError) -> Payload {
        var reader = try PayloadReader(payload)
        guard let fields = fields(of: event) else {
            throw ClassroomError(.invalid, "Validation error: \"\(shortened(event))\" is not an event of this server")
        }
        for field in fields { try reader.read(field) }
        if event == "quiz:join", !reader.has("sessionId"), !reader.has("joinCode") {
            throw ClassroomError(.invalid, "Validation error: \"sessionId\" or \"joinCode\" is required")
        }
        reader.keep(latencyStamp, if: isLatencyStamp)
        return reader.result
    }

    /// A number of at most 32 characters, or a text that is one.
    private static func isLatencyStamp(_ value: Payload) -> Bool { value.number != nil }

    /// At most 64 bytes of a foreign name: a character may have any number of them.
    private static func shortened(_ name: String) -> String { String(decoding: name.utf8.prefix(64), as: UTF8.self) }

    /// Authentication refuses a missing token, in its own words.
    private static let token = Field(name: "token", rule: .text(maximumLength: 8_192))
    private static let session = Field(name: "sessionId", rule: .identifier)
    private static let room = Field(name: "roomId", rule: .identifier)
    private static let question = Field(name: "questionId", rule: .name, isRequired: true)
    /// The id of a player. Whatever an account may be called, its player can be removed: an identity provider may use any character.
    private static let player = Field(name: "userId", rule: .text(maximumLength: 128), isRequired: true)
    /// The question that the host saw when they gave a command.
    private static let seen = Field(name: "questionId", rule: .name)

    private static let schemas: [String: [Field]] = [
        "auth": [token],
        "quiz:create_session": [
            Field(name: "quizId", rule: .name, isRequired: true), session, Field(name: "settings", rule: .settings),
        ],
        "quiz:join": [
            session, Field(name: "joinCode", rule: .joinCode), token,
            Field(name: "nickname", rule: .text(maximumLength: Nickname.maximumRawBytes)), Field(name: "deviceId", rule: .mark),
        ],
        "quiz:observe": [Field(name: "sessionId", rule: .identifier, isRequired: true)],
        "quiz:start": [session],
        "quiz:next": [session, seen],
        "quiz:close": [session, seen],
        "quiz:end": [session, seen],
        "quiz:lock": [session, Field(name: "locked", rule: .flag, isRequired: true)],
        "quiz:leave": [session],
        "quiz:kick": [session, seen, player],
        "quiz:answer": [
            session, question, Field(name: "answer", rule: .answer, isRequired: true), Field(name: "timeSpent", rule: .number(0...3_600)),
            token,
        ],
        "chat:join": [Field(name: "roomId", rule: .identifier, isRequired: true)],
        "chat:leave": [room],
        "chat:message": [
            room, Field(name: "content", rule: .chatContent, isRequired: true),
            Field(name: "type", rule: .choice(["text"], default: "text")), Field(name: "clientId", rule: .text(maximumLength: 64)),
        ],
        "dashboard:subscribe": [
            Field(name: "metrics", rule: .names(maximumCount: 64)), Field(name: "intervalMs", rule: .number(100...60_000)),
        ],
        "dashboard:unsubscribe": [],
    ]
}
