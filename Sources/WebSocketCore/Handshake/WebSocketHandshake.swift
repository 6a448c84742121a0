package import NIOCore

/// The two values of the opening handshake that need computing (RFC 6455 §4.2). The rest is HTTP.
public enum WebSocketHandshake {
    /// The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key`.
    public static func acceptKey(for key: some StringProtocol) -> String {
        var buffer = ByteBuffer()
        writeAcceptKey(for: key, into: &buffer)
        return String(buffer: buffer)
    }

    /// Appends the `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key`.
    package static func writeAcceptKey(for key: some StringProtocol, into buffer: inout ByteBuffer) {
        let suffix: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        let utf8 = key.utf8
        let words = withUnsafeTemporaryAllocation(byteCount: utf8.count + suffix.utf8CodeUnitCount, alignment: 1) { bytes in
            var count = 0
            for byte in utf8 {
                bytes[count] = byte
                count += 1
            }
            for index in 0..<suffix.utf8CodeUnitCount { bytes[count + index] = suffix.utf8Start[index] }
            return SHA1.digest(of: UnsafeRawBufferPointer(bytes)).words
        }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 28) { target in
            // Twenty bytes in groups of six bits, and two of zeros behind the last.
            let bytes = [words.0, words.1, words.2, words.3, words.4]
            for index in 0..<27 {
                let bit = index * 6
                let pair = UInt64(bytes[bit / 32]) << 32 | UInt64(bit / 32 < 4 ? bytes[bit / 32 + 1] : 0)
                target[index] = base64Digit(UInt8(truncatingIfNeeded: pair >> UInt64(58 - bit % 32) & 63))
            }
            target[27] = UInt8(ascii: "=")
            return 28
        }
    }

    /// RFC 4648 §4.
    private static func base64Digit(_ value: UInt8) -> UInt8 {
        switch value {
        case ..<26: UInt8(ascii: "A") + value
        case ..<52: UInt8(ascii: "a") + value - 26
        case ..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
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

    /// Reads the value of `Sec-WebSocket-Protocol`; several such headers are joined with commas.
    ///
    /// - Returns: nil: it is malformed, or names one twice (RFC 6455 §4.1).
    public static func subprotocols(_ header: some StringProtocol) -> [String]? {
        var reader = HeaderReader(header)
        var names: [String] = []
        repeat {
            guard names.count < self.maximumSubprotocols, let name = reader.token(), !names.contains(name) else { return nil }
            names.append(name)
        } while reader.take(UInt8(ascii: ","))
        return reader.isAtEnd ? names : nil
    }

    /// Sub-protocols that a request may name; a longer list is malformed.
    public static let maximumSubprotocols = 64

    /// The `Sec-WebSocket-Key` of sixteen random bytes.
    static func key(_ nonce: (UInt64, UInt64)) -> String {
        self.base64(
            [nonce.0, nonce.1].flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) } })
    }

    private static func base64(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        var bits: UInt32 = 0
        var held = 0
        func append(_ six: UInt32) { text.unicodeScalars.append(Unicode.Scalar(base64Digit(UInt8(six & 0x3F)))) }
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
