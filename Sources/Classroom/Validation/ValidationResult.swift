/// The result of validating a message.
public struct ValidationResult: Hashable, Sendable {
    public var isValid: Bool
    /// The sanitised payload: known fields only (and `_sentAt`), defaults filled in, numbers as numbers. Empty when the message is refused.
    public var data: Payload
    public var error: String?
    public var rateLimited: Bool
    /// With `rateLimited`: when the same message would pass.
    public var retryAfterMs: Int?

    public init(
        isValid: Bool, data: Payload = .object([:]), error: String? = nil, rateLimited: Bool = false, retryAfterMs: Int? = nil
    ) {
        self.isValid = isValid
        self.data = data
        self.error = error
        self.rateLimited = rateLimited
        self.retryAfterMs = retryAfterMs
    }

    static func refused(_ refusal: ClassroomError) -> ValidationResult {
        ValidationResult(
            isValid: false, error: refusal.message, rateLimited: refusal.code == .rateLimited, retryAfterMs: refusal.retryAfterMs)
    }

    /// The refusal as its sender gets it; nil when the message is valid.
    public var refusal: ClassroomError? {
        guard !isValid else { return nil }
        return ClassroomError(rateLimited ? .rateLimited : .invalid, error ?? "Validation error", retryAfterMs: retryAfterMs)
    }
}
