import SystemCrypto

/// How a token is known to the database. Tokens are random and long, so a slow hash would protect nothing.
public enum TokenHash {
    /// The token's SHA-256 in lowercase hexadecimal digits.
    public static func sha256Hex(_ token: String) -> String { hexadecimal(SHA256Digest.hash(Array(token.utf8))) }

    /// Two lowercase digits for each byte.
    package static func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
