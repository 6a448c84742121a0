import Classroom
import Testing

@Suite("What clients may send")
struct MessageRulesTests {
    private func accepted(_ event: String, _ payload: Payload) throws -> Payload {
        let result = MessageRules.check(event, payload)
        try #require(result.isValid, "\(result.error ?? "")")
        return result.data
    }

    private func error(_ event: String, _ payload: Payload) -> String? {
        let result = MessageRules.check(event, payload)
        #expect(!result.isValid)
        #expect(!result.rateLimited)
        #expect(result.refusal?.code == .invalid)
        return result.error
    }

    @Test("the load scripts' own payloads pass")
    func loadScripts() throws {
        #expect(
            try accepted("quiz:answer", ["questionId": "q-3", "answer": "2", "timeSpent": "17"]) == [
                "questionId": "q-3", "answer": "2", "timeSpent": 17,
            ])
        #expect(try accepted("quiz:answer", ["questionId": "q0", "answer": 3, "_sentAt": 12.5])["_sentAt"] == 12.5)
        #expect(try accepted("quiz:join", ["sessionId": "load-test-session-1"]) == ["sessionId": "load-test-session-1"])
        #expect(try accepted("quiz:join", ["sessionId": "load_test_session"]) == ["sessionId": "load_test_session"])
        #expect(try accepted("chat:join", ["roomId": "chat-room-2"]) == ["roomId": "chat-room-2"])
        #expect(try accepted("chat:message", ["content": "Load test message x", "type": "text"])["type"] == "text")
        #expect(try accepted("dashboard:subscribe", ["metrics": ["active_users", "quiz_sessions"]])["metrics"]?.array?.count == 2)
        for event in ["quiz:leave", "chat:leave", "dashboard:unsubscribe"] { #expect(try accepted(event, nil) == [:]) }
    }

    @Test(
        "a missing or null payload is empty, unknown fields are ignored",
        arguments: ["auth", "quiz:start", "quiz:next", "quiz:close", "quiz:end", "quiz:leave", "chat:leave", "dashboard:subscribe"])
    func emptyPayload(_ event: String) throws {
        #expect(try accepted(event, .null) == .object([:]))
        #expect(try accepted(event, ["surprise": [1, 2], "sessionId": nil]) == .object([:]))
    }

    @Test("anything but an object is refused", arguments: [Payload.array([]), .string("x"), .number(1), .bool(true)])
    func noObject(_ payload: Payload) {
        #expect(error("quiz:leave", payload)?.hasPrefix("Validation error: ") == true)
    }

    @Test(
        "what is required is asked for by name",
        arguments: [
            ("quiz:create_session", "quizId"), ("quiz:join", "sessionId"), ("quiz:observe", "sessionId"), ("quiz:kick", "userId"),
            ("quiz:answer", "questionId"), ("chat:join", "roomId"), ("chat:message", "content"),
        ])
    func required(_ event: String, _ field: String) {
        let message = error(event, [:])
        #expect(message?.hasPrefix("Validation error: ") == true)
        #expect(message?.contains(field) == true)
    }

    @Test("every player can be removed, whatever the id of their account", arguments: ["a<b>", "tab\tand\nline", "guest-1", "ä"])
    func anyPlayer(_ userID: String) throws {
        #expect(try accepted("quiz:kick", ["userId": .string(userID)])["userId"]?.string == userID)
    }

    @Test("an unknown event is refused")
    func unknownEvent() {
        #expect(error("quiz:cheat", [:])?.hasPrefix("Validation error: ") == true)
    }

    @Test("ids: a UUID or 1 to 64 letters, digits, hyphens, underscores")
    func identifiers() throws {
        for id in ["a", String(repeating: "x", count: 64), "550E8400-e29b-41d4-a716-446655440000", "_-9"] {
            #expect(try accepted("chat:join", ["roomId": .string(id)])["roomId"]?.string == id)
        }
        for id in ["", String(repeating: "x", count: 65), "a b", "a/b", "ä", "a\n", "x;DROP"] {
            #expect(error("chat:join", ["roomId": .string(id)])?.contains("roomId") == true)
        }
        #expect(error("chat:join", ["roomId": 7])?.contains("string") == true)
    }

    @Test("chat content of 2,000 UTF-16 units passes; 2,001 units, and content that is empty after sanitising, do not")
    func contentLength() throws {
        #expect(try accepted("chat:message", ["content": .string(String(repeating: "a", count: 2_000))])["content"]?.string?.count == 2_000)
        #expect(try accepted("chat:message", ["content": .string(String(repeating: "😀", count: 1_000))])["content"]?.string?.count == 1_000)
        // What sanitising takes away doesn't count.
        #expect(
            try accepted("chat:message", ["content": .string("<i>" + String(repeating: "a", count: 2_000) + "</i>")]).object?.count == 2)
        for content in ["", "   ", "<b></b>", "<script>x</script>", String(repeating: "😀", count: 1_000) + "a"] {
            #expect(error("chat:message", ["content": .string(content)])?.hasPrefix("Validation error: \"content\"") == true)
        }
        let huge = String(repeating: "<b>", count: ChatContent.maximumRawBytes / 3 + 1)
        #expect(error("chat:message", ["content": .string(huge)])?.contains("2000") == true)
        #expect(error("chat:message", ["content": 5])?.contains("string") == true)
    }

    @Test("the only chat type is text")
    func chatType() throws {
        #expect(try accepted("chat:message", ["content": "x", "clientId": "c1"]) == ["content": "x", "type": "text", "clientId": "c1"])
        #expect(error("chat:message", ["content": "x", "type": "html"])?.contains("type") == true)
    }

    @Test("timeSpent: 0 to 3,600 seconds, numeric strings count")
    func timeSpent() throws {
        for (given, expected) in [(0, 0.0), (3_600, 3_600), ("45.5", 45.5), (" 7 ", 7)] as [(Payload, Double)] {
            #expect(try accepted("quiz:answer", ["questionId": "q", "answer": 1, "timeSpent": given])["timeSpent"] == .number(expected))
        }
        for given in [-1, 3_600.5, 3_601, "4000", "soon", true, "", "0x10", "nan", "inf"] as [Payload] {
            #expect(error("quiz:answer", ["questionId": "q", "answer": 1, "timeSpent": given])?.contains("timeSpent") == true)
        }
    }

    @Test("an answer is an index, a text, or a list of these")
    func answers() throws {
        for answer in [0, 3, "2", "a text", [0, 2], ["x", 1]] as [Payload] {
            #expect(try accepted("quiz:answer", ["questionId": "q", "answer": answer])["answer"] == answer)
        }
        for answer in [-1, 1.5, true, [:], [], [[1]], [nil], .number(.infinity), .number(1e300)] as [Payload] {
            #expect(error("quiz:answer", ["questionId": "q", "answer": answer])?.hasPrefix("Validation error: ") == true)
        }
        #expect(error("quiz:answer", ["questionId": "q"])?.contains("answer") == true)
    }

    @Test(
        "a text answer matches the documented pattern",
        arguments: ["", "<", "a>b", "x\u{0}y", "two\nlines", String(repeating: "a", count: 501)])
    func pattern(_ text: String) {
        #expect(error("quiz:answer", ["questionId": "q", "answer": .string(text)])?.contains("pattern") == true)
        #expect(error("quiz:answer", ["questionId": "q", "answer": [.string(text)]])?.contains("pattern") == true)
        #expect(AnswerRules.matchesPattern(String(repeating: "a", count: 500)))
        #expect(AnswerRules.matchesPattern("Ünïcode, 日本語 & 😀 = 100% \"fine\""))
    }

    @Test("the texts of a list have 4,000 characters together, and not one more")
    func answerList() throws {
        func list(last length: Int) -> Payload {
            var items: [Payload] = Array(repeating: .string(String(repeating: "é", count: 500)), count: 7)
            items += [.string(String(repeating: "é", count: length)), 1, "a"]
            return .array(items)
        }
        #expect(try accepted("quiz:answer", ["questionId": "q", "answer": list(last: 499)])["answer"] == list(last: 499))
        #expect(error("quiz:answer", ["questionId": "q", "answer": list(last: 500)])?.contains("at most 4000 characters") == true)
        let many = Payload.array(Array(repeating: .string(String(repeating: "a", count: 62)), count: AnswerMatching.maximumListLength))
        #expect(try accepted("quiz:answer", ["questionId": "q", "answer": many])["answer"] == many)
    }

    @Test("a join code may be a number, or typed with spaces")
    func joinCode() throws {
        for code in [123_456, "123456", "123 456", "123-456"] as [Payload] {
            #expect(try accepted("quiz:join", ["joinCode": code, "nickname": "Ann"])["joinCode"] == "123456")
        }
        for code in [12_345, "1234567", "12345a", -123_456, 123_456.5] as [Payload] {
            #expect(error("quiz:join", ["joinCode": code])?.contains("joinCode") == true)
        }
    }

    @Test("settings of a new session are checked")
    func settings() throws {
        #expect(try accepted("quiz:create_session", ["quizId": "quiz1", "settings": ["pace": "self"]])["settings"] == ["pace": "self"])
        #expect(error("quiz:create_session", ["quizId": "quiz1", "settings": ["pace": "fast"]])?.contains("pace") == true)
    }

    @Test("the dashboard's metrics are a list of names, its interval is bounded")
    func dashboard() throws {
        #expect(try accepted("dashboard:subscribe", ["intervalMs": "500"])["intervalMs"] == 500)
        #expect(error("dashboard:subscribe", ["metrics": "active_users"])?.contains("metrics") == true)
        #expect(error("dashboard:subscribe", ["metrics": [1]])?.contains("metrics") == true)
        #expect(error("dashboard:subscribe", ["metrics": .array(Array(repeating: "x", count: 65))])?.contains("metrics") == true)
        #expect(error("dashboard:subscribe", ["intervalMs": 99])?.contains("intervalMs") == true)
    }

    @Test("30 chat messages a minute pass, the 31st says when to come back")
    func chatLimit() {
        var rules = MessageRules()
        for _ in 0..<30 {
            #expect(rules.validate("chat:message", ["content": "x"], userID: "u", address: "1", at: 1_000).isValid)
        }
        let refused = rules.validate("chat:message", ["content": "x"], userID: "u", address: "1", at: 1_000)
        #expect(refused.rateLimited)
        #expect(refused.retryAfterMs == 2_000)
        #expect(refused.refusal?.code == .rateLimited)
        #expect(refused.refusal?.message.contains("rate limit") == true)
        // Another user at the same address has an own bucket, and so have answers.
        #expect(rules.validate("chat:message", ["content": "x"], userID: "v", address: "1", at: 1_000).isValid)
        #expect(rules.validate("quiz:answer", ["questionId": "q", "answer": 1], userID: "u", address: "1", at: 1_000).isValid)
        #expect(!rules.validate("chat:message", ["content": "x"], userID: "u", address: "1", at: 2_999).isValid)
        #expect(rules.validate("chat:message", ["content": "x"], userID: "u", address: "1", at: 3_000).isValid)
    }

    @Test("of ten rapid answers the tenth is refused, a third of a second later one passes")
    func answerLimit() {
        var rules = MessageRules()
        let results = (0..<10).map {
            rules.validate("quiz:answer", ["questionId": .string("q\($0)"), "answer": 1], userID: "u", address: "1", at: 0)
        }
        #expect(results.map(\.isValid) == Array(repeating: true, count: 9) + [false])
        #expect(results.last?.error?.contains("rate limit") == true)
        #expect(results.last?.retryAfterMs == 334)
        #expect(!rules.validate("quiz:answer", ["questionId": "q", "answer": 1], userID: "u", address: "1", at: 333).isValid)
        #expect(rules.validate("quiz:answer", ["questionId": "q", "answer": 1], userID: "u", address: "1", at: 334).isValid)
    }

    @Test("users who have not signed in share the bucket of their address")
    func anonymous() {
        var rules = MessageRules(limits: .init(chat: .init(capacity: 1, refillPerSecond: 1)))
        #expect(rules.take(.chat, userID: nil, address: "1", at: 0) == nil)
        #expect(rules.take(.chat, userID: "", address: "1", at: 0) == 1_000)
        #expect(rules.take(.chat, userID: "1", address: "1", at: 0) == nil)
        #expect(rules.take(.chat, userID: nil, address: "2", at: 0) == nil)
        // However a user is called, the bucket of an address is out of reach.
        #expect(rules.take(.chat, userID: "a1", address: "3", at: 0) == nil)
    }

    @Test("a message that is refused as invalid costs a token")
    func badMessagesCount() {
        var rules = MessageRules(limits: .init(chat: .init(capacity: 1, refillPerSecond: 1)))
        #expect(!rules.validate("chat:message", [:], userID: "u", address: "1", at: 0).rateLimited)
        #expect(rules.validate("chat:message", ["content": "x"], userID: "u", address: "1", at: 0).rateLimited)
    }
}
