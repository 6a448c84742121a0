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
        let digest = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian, words.4.bigEndian)
        withUnsafeBytes(of: digest) { Base64.encode($0, into: &buffer) }
    }

    /// Whether a `Sec-WebSocket-Key` is valid: sixteen bytes in base64.
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
            guard names.count < maximumSubprotocols, let name = reader.token(), !names.contains(name) else { return nil }
            names.append(name)
        } while reader.take(UInt8(ascii: ","))
        return reader.isAtEnd ? names : nil
    }

    /// Sub-protocols that a request may name; a longer list is malformed.
    public static let maximumSubprotocols = 64

    /// The `Sec-WebSocket-Key` of sixteen random bytes.
    static func key(_ nonce: (UInt64, UInt64)) -> String {
        var text = ByteBuffer()
        withUnsafeBytes(of: (nonce.0.bigEndian, nonce.1.bigEndian)) { Base64.encode($0, into: &text) }
        return String(buffer: text)
    }
}
