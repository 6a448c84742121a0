import Testing

@testable import WebSocketCore

@Suite("The handshake's keys")
struct HandshakeTests {
    @Test("the RFC's key has the RFC's answer")
    func accept() {
        #expect(WebSocketHandshake.acceptKey(for: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("the key may be a substring")
    func substring() {
        #expect(WebSocketHandshake.acceptKey(for: "x3JJHMbDL1EzLkh9GBhXDw==".dropFirst(0)) == "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")
    }

    @Test("sixteen bytes in base64 are a key")
    func valid() {
        #expect(WebSocketHandshake.isValidKey("dGhlIHNhbXBsZSBub25jZQ=="))
        #expect(WebSocketHandshake.isValidKey("++++++++++++++//////Aw=="))
    }

    @Test(
        "anything else is not",
        arguments: [
            "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQA=", "dGhlIHNhbXBsZSBub25jZQ===",
            "dGhlIHNhbXBsZSBub25j\r\n==",
            "dGhlIHNhbXBsZSBub25jZ===", "üGhlIHNhbXBsZSBub25jZ==", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
        ])
    func invalid(key: String) {
        #expect(!WebSocketHandshake.isValidKey(key))
    }

    @Test(
        "SHA-1 has RFC 3174's digests, and others' at each length of padding",
        arguments: [
            ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
            ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
            ("a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
            ("a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"),
            ("a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
        ])
    func digest(text: String, times: Int, digest: String) {
        let bytes = SHA1.hash(Array(String(repeating: text, count: times).utf8))
        #expect(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == digest)
    }
}
