/// Makes the tokens that `dunlin token create` and the demo hand out.
public enum OpaqueToken {
    /// What every token starts with: it never looks like an option, and tools that scan for secrets can find it.
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

    private static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            var digits: [UInt8] = []
            for _ in 0..<4 {
                digits.append(alphabet[Int(bits & 63)])
                bits >>= 6
            }
            text.append(contentsOf: digits.reversed().prefix(group.count + 1))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
