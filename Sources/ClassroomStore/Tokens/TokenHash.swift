import Crypto

/// How a token is known to the database. Tokens are random and long, so a slow hash would protect nothing.
public enum TokenHash {
    /// The token's SHA-256 in lowercase hexadecimal digits.
    public static func sha256Hex(_ token: String) -> String {
        var hash = SHA256()
        var token = token
        token.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        let digits = Array("0123456789abcdef".utf8)
        var hex: [UInt8] = []
        hex.reserveCapacity(2 * SHA256.byteCount)
        for byte in hash.finalize() {
            hex.append(digits[Int(byte >> 4)])
            hex.append(digits[Int(byte & 15)])
        }
        return String(decoding: hex, as: UTF8.self)
    }
}
