/// The two values of the opening handshake that need computing (RFC 6455 §4.2). The rest is HTTP.
public enum WebSocketHandshake {
    /// The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key`.
    public static func acceptKey(for key: some StringProtocol) -> String {
        base64(SHA1.hash(Array(key.utf8) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
    }

    /// Whether a `Sec-WebSocket-Key` is what it has to be: sixteen bytes in base64.
    public static func isValidKey(_ key: some StringProtocol) -> Bool {
        let bytes = key.utf8
        guard bytes.count == 24, bytes.suffix(2).allSatisfy({ $0 == UInt8(ascii: "=") }) else { return false }
        return bytes.dropLast(2).allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }

    /// The `Sec-WebSocket-Key` of sixteen random bytes.
    static func key(_ nonce: (UInt64, UInt64)) -> String {
        self.base64(
            [nonce.0, nonce.1].flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) } })
    }

    private static func base64(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        var bits: UInt32 = 0
        var held = 0
        func append(_ six: UInt32) {
            switch UInt8(six & 0x3F) {
            case let value where value < 26: text.unicodeScalars.append(Unicode.Scalar(UInt8(ascii: "A") + value))
            case let value where value < 52: text.unicodeScalars.append(Unicode.Scalar(UInt8(ascii: "a") + value - 26))
            case let value where value < 62: text.unicodeScalars.append(Unicode.Scalar(UInt8(ascii: "0") + value - 52))
            case 62: text.append("+")
            default: text.append("/")
            }
        }
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                append(bits >> UInt32(held))
            }
        }
        if held > 0 { append(bits << UInt32(6 - held)) }
        while text.utf8.count % 4 != 0 { text.append("=") }
        return text
    }
}
