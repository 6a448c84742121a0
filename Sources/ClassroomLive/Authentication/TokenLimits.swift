/// Bounds on what is looked at as a token at all.
public enum TokenLimits {
    /// The longest token in UTF-8 bytes, JWT included. Whatever is longer is refused unread.
    public static let maximumBytes = 4_096
    /// The longest token that is not ASCII alone, in UTF-8 bytes. Comparing texts normalises them, in quadratic time where one letter has
    /// many marks.
    public static let maximumNonASCIIBytes = 256
    /// The longest user id that a token may name, in UTF-8 bytes.
    public static let maximumUserIDBytes = 128
    /// The longest user name that a token may carry, in UTF-8 bytes.
    public static let maximumUsernameBytes = 256

    package static func accepts(_ token: String) -> Bool {
        let length = token.utf8.count
        return length > 0 && (length <= maximumNonASCIIBytes || length <= maximumBytes && token.utf8.allSatisfy { $0 < 0x80 })
    }
}
