public import Classroom
public import ClassroomStore
import Foundation

/// Opaque tokens, known to the database by their SHA-256. They are random and long: a slow hash would protect nothing.
public struct StoredTokenAuthentication: AuthenticationService {
    private let store: any ClassroomStore
    private let now: @Sendable () -> UnixMilliseconds

    public init(store: any ClassroomStore, now: @escaping @Sendable () -> UnixMilliseconds) {
        self.store = store
        self.now = now
    }

    public func verifyToken(_ token: String) async throws -> User? {
        guard TokenLimits.accepts(token) else { return nil }
        return try await store.user(forTokenHash: TokenHash.sha256Hex(token), now: now())
    }

    public func lapsed(among tokens: [String]) async throws -> Set<String> {
        let hashes = Dictionary(tokens.map { (TokenHash.sha256Hex($0), $0) }) { first, _ in first }
        let valid = try await store.validTokens(among: Array(hashes.keys), now: now())
        return Set(hashes.filter { !valid.contains($0.key) }.values)
    }
}

/// Makes the tokens that `dunlin token create` and the demo hand out.
public enum OpaqueToken {
    /// The prefix of every token. A token never looks like an option, and tools that scan for secrets can find it.
    public static let prefix = "dunlin_"

    /// A new token: 32 random bytes in base64url.
    public static func generate(using generator: inout some RandomNumberGenerator) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<4 {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
        }
        return prefix + base64URL(bytes)
    }

    /// A new token from the system's generator.
    public static func generate() -> String {
        var generator = SystemRandomNumberGenerator()
        return generate(using: &generator)
    }

    /// RFC 4648, section 5, without padding.
    private static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// The longest tokens, user ids and names that are read at all.
public enum TokenLimits {
    /// The longest token in UTF-8 bytes, JWT included. A longer one is refused unread.
    public static let maximumBytes = 4_096
    /// The longest token that is not ASCII alone, in UTF-8 bytes. Comparing texts normalises them, in quadratic time where one letter has
    /// many marks.
    public static let maximumNonASCIIBytes = 256
    /// The longest header of a JWT, decoded. It is read before the signature is checked.
    public static let maximumHeaderBytes = 1_024
    /// The longest user id that a token may name, in UTF-8 bytes.
    public static let maximumUserIDBytes = 128
    /// The longest user name that a token may carry, in UTF-8 bytes.
    public static let maximumUsernameBytes = 256

    package static func accepts(_ token: String) -> Bool {
        let length = token.utf8.count
        return length > 0 && (length <= maximumNonASCIIBytes || length <= maximumBytes && token.utf8.allSatisfy { $0 < 0x80 })
    }
}
