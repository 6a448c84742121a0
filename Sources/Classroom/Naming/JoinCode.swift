/// The six digits by which players find a live session.
public struct JoinCode: Hashable, Sendable {
    public static let digits = 6
    /// Tries before `generate` gives up: with a tenth of all codes taken, one in 10^16 fails.
    public static let maximumAttempts = 16

    public let value: String

    /// Accepts what people type: spaces and hyphens between the digits don't count.
    public init?(_ text: String) {
        guard text.utf8.count <= 32 else { return nil }
        var value = ""
        for scalar in text.unicodeScalars {
            if scalar == "-" || scalar.properties.isWhitespace { continue }
            // Digits of other scripts and full-width ones count as well.
            guard scalar.properties.generalCategory == .decimalNumber, let digit = scalar.properties.numericValue else { return nil }
            value += String(Int(digit))
        }
        guard value.utf8.count == JoinCode.digits else { return nil }
        self.value = value
    }

    private init(number: Int) { value = String(number) }

    /// A code that is not taken; nil when none was found. It never begins with 0, which spreadsheets and number fields lose.
    public static func generate(using random: inout some RandomNumberGenerator, isTaken: (String) -> Bool) -> JoinCode? {
        for _ in 0..<maximumAttempts {
            let code = JoinCode(number: Int.random(in: 100_000...999_999, using: &random))
            if !isTaken(code.value) { return code }
        }
        return nil
    }
}
