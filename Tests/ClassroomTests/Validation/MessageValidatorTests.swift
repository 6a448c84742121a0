import Classroom
import Testing

/// The source document's own tests, under its own names.
@Suite("MessageValidator")
struct MessageValidatorTests {
    private let validator = MessageValidator()

    @Test("should validate correct chat message")
    func validChatMessage() {
        let message: Payload = ["content": "Hello world!", "roomId": "550e8400-e29b-41d4-a716-446655440000", "type": "text"]
        let result = validator.validateMessage("chat:message", message, "user123", "127.0.0.1")
        #expect(result.isValid)
        #expect(result.data == message)
    }

    @Test("should reject message with XSS attempt")
    func xssAttempt() {
        let message: Payload = [
            "content": "<script>alert(\"xss\")</script>Hello", "roomId": "550e8400-e29b-41d4-a716-446655440000", "type": "text",
        ]
        let result = validator.validateMessage("chat:message", message, "user123", "127.0.0.1")
        #expect(result.isValid)
        #expect(result.data["content"] == "Hello")
    }

    @Test("should reject message that is too long")
    func tooLong() throws {
        let message: Payload = [
            "content": .string(String(repeating: "a", count: 2_001)), "roomId": "550e8400-e29b-41d4-a716-446655440000", "type": "text",
        ]
        let result = validator.validateMessage("chat:message", message, "user123", "127.0.0.1")
        #expect(!result.isValid)
        #expect(try #require(result.error).contains("Validation error"))
    }

    @Test("should enforce rate limiting")
    func rateLimiting() throws {
        let message: Payload = ["content": "Test message", "roomId": "550e8400-e29b-41d4-a716-446655440000", "type": "text"]
        let results = (0..<35).map { _ in validator.validateMessage("chat:message", message, "user123", "127.0.0.1") }
        let rateLimited = results.filter(\.rateLimited)
        #expect(rateLimited.count > 0)
        let first = try #require(rateLimited.first)
        #expect(!first.isValid)
        #expect(first.error?.contains("rate limit") == true)
        #expect((first.retryAfterMs ?? 0) > 0)
    }

    @Test("should validate numeric answer")
    func numericAnswer() {
        let answer: Payload = [
            "sessionId": "550e8400-e29b-41d4-a716-446655440000", "questionId": "550e8400-e29b-41d4-a716-446655440001", "answer": 2,
            "timeSpent": 45,
        ]
        let result = validator.validateMessage("quiz:answer", answer, "user123", "127.0.0.1")
        #expect(result.isValid)
        #expect(result.data == answer)
    }

    @Test("should validate text answer")
    func textAnswer() {
        let answer: Payload = [
            "sessionId": "550e8400-e29b-41d4-a716-446655440000", "questionId": "550e8400-e29b-41d4-a716-446655440001",
            "answer": "The answer is photosynthesis", "timeSpent": 120,
        ]
        let result = validator.validateMessage("quiz:answer", answer, "user123", "127.0.0.1")
        #expect(result.isValid)
        #expect(result.data["answer"] == "The answer is photosynthesis")
    }

    @Test("should reject answer with special characters")
    func specialCharacters() throws {
        let answer: Payload = [
            "sessionId": "550e8400-e29b-41d4-a716-446655440000", "questionId": "550e8400-e29b-41d4-a716-446655440001",
            "answer": "Answer with <script>alert(\"hack\")</script>", "timeSpent": 60,
        ]
        let result = validator.validateMessage("quiz:answer", answer, "user123", "127.0.0.1")
        #expect(!result.isValid)
        #expect(try #require(result.error).contains("pattern"))
    }
}
