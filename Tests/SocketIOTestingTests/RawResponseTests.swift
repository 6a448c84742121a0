import NIOCore
import SocketIOTesting
import Testing

@Suite("Responses of a plain connection")
struct RawResponseTests {
    private func response(_ text: String, isComplete: Bool = false) -> RawResponse? {
        RawResponse(ByteBuffer(string: text), isComplete: isComplete)
    }

    @Test("a response with a length is there when its body is")
    func length() throws {
        let text = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nX:  y\r\n\r\nabc"
        for end in 0..<text.utf8.count { #expect(self.response(String(decoding: text.utf8.prefix(end), as: UTF8.self)) == nil) }
        let response = try #require(self.response(text + "HTTP/1.1 200"))
        #expect(response.status == 413)
        #expect(response.body == "abc")
        #expect(response["content-length"] == "3")
        #expect(response["x"] == "y")
        #expect(response.totalBytes == text.utf8.count)
    }

    @Test("a body without a length ends with the connection")
    func untilTheEnd() throws {
        let text = "HTTP/1.0 200 OK\r\n\r\nabc"
        #expect(response(text) == nil)
        #expect(response(text, isComplete: true)?.body == "abc")
    }

    @Test("some responses have no body", arguments: [101, 204, 304])
    func noBody(status: Int) {
        #expect(response("HTTP/1.1 \(status) X\r\n\r\nframe")?.body == "")
    }

    @Test("anything else is no response")
    func nothing() {
        #expect(response("", isComplete: true) == nil)
        #expect(response("hello\r\n\r\n", isComplete: true) == nil)
        #expect(response("HTTP/1.1 x\r\n\r\n", isComplete: true) == nil)
    }
}
