import SystemCrypto

/// The form of a token in the database. Tokens are random and long, so a slow hash would protect nothing.
public enum TokenHash {
    /// The token's SHA-256 in lowercase hexadecimal digits.
    public static func sha256Hex(_ token: String) -> String { SHA256Digest.hash(Array(token.utf8)).hexadecimal }
}
