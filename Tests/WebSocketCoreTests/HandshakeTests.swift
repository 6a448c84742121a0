import Testing
import WebSocketCore

@Suite("The handshake's keys")
struct HandshakeTests {
    @Test("the RFC's key has the RFC's answer")
    func accept() {
        #expect(WebSocketHandshake.acceptKey(for: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("a substring will do")
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
}
