import NIOCore
import NIOHTTP1
import Testing

@testable import SocketIOServer

@Suite("Requests for a WebSocket read without the HTTP parser")
struct PlainRequestTests {
    private static let target = "/socket.io/?EIO=4&transport=websocket"

    private static func request(_ fields: [String], line: String = "GET \(target) HTTP/1.1") -> String {
        ([line] + fields).joined(separator: "\r\n") + "\r\n\r\n"
    }

    private static let browser = [
        "Host: quiz.example:8080", "Connection: keep-alive, Upgrade", "Pragma: no-cache", "Cache-Control: no-cache",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Upgrade: websocket",
        "Origin: https://quiz.example", "Sec-WebSocket-Version: 13", "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: de,en-US;q=0.7,en;q=0.3", "Cookie: a=b; c=\"d\"", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    ]

    private func read(_ text: String) -> PlainRequest.Reading {
        Array(text.utf8).withUnsafeBytes(PlainRequest.read)
    }

    @Test("a browser's request is taken with all its fields, and what follows it is left")
    func browser() throws {
        let text = Self.request(Self.browser)
        guard case .upgrade(let head, let length) = read(text + "\u{81}\u{82}more") else {
            Issue.record("not taken")
            return
        }
        #expect(length == text.utf8.count)
        #expect(head.uri == Self.target && head.method == .GET && head.version == .http1_1)
        #expect(head.headers.map { "\($0.name): \($0.value)" } == Self.browser)
    }

    @Test("every beginning of a request waits for the rest")
    func beginnings() {
        let bytes = Array(Self.request(Self.browser).utf8)
        for count in 0..<bytes.count {
            #expect(bytes[..<count].withUnsafeBytes(PlainRequest.read) == .incomplete, "the first \(count) bytes")
        }
    }

    @Test(
        "whatever could be read in two ways is left to the HTTP parser",
        arguments: [
            ["Host: a", "Host: a"], ["Host : a"], [" Host: a"], ["Host:a"], ["Host:  a"], ["Host: a "], ["Host:\ta"], ["Host: a\tb"],
            ["Host: a", " folded"], ["Host: a", "Content-Length: 0"], ["Host: a", "Transfer-Encoding: chunked"],
            ["Host: a", "Expect: 100-continue"], ["Host: a", "Upgrade: websocket"], ["Host: a", "Connection: Upgrade"],
            ["Host: a", "Proxy-Connection: close"], ["Host: a", "X: \u{7F}"], ["Host: a", "X: ä"], ["Host: a", "X: a\nY: b"],
            ["Host: a", "X: a\rY: b"], ["Host: a", "X: "], ["Host: a", ": b"], ["Host: a", "X(: b"], ["Host: a", "X"], ["X: no host"],
            ["Host: a", "X: \0"],
        ])
    func twoWays(_ fields: [String]) {
        let upgrade = ["Upgrade: websocket", "Connection: Upgrade"]
        #expect(read(Self.request(fields + upgrade)) == .other)
        guard case .upgrade = read(Self.request(["Host: a"] + upgrade)) else {
            Issue.record("the request without them is not taken")
            return
        }
    }

    @Test(
        "so is another method, version, target or protocol",
        arguments: [
            "POST /socket.io/ HTTP/1.1", "get /socket.io/ HTTP/1.1", "GET /socket.io/ HTTP/1.0", "GET /socket.io/ HTTP/1.1 ",
            "GET  /socket.io/ HTTP/1.1", "GET http://a/socket.io/ HTTP/1.1", "GET /socket.io/#a HTTP/1.1", "GET /socket.io/\u{E4} HTTP/1.1",
            "\r\nGET /socket.io/ HTTP/1.1", "GET * HTTP/1.1", "GET /socket.io/ http/1.1", "GET /a\tb HTTP/1.1",
        ])
    func lines(_ line: String) {
        #expect(read(Self.request(["Host: a", "Upgrade: websocket", "Connection: Upgrade"], line: line)) == .other)
    }

    @Test(
        "so is a connection that goes another way",
        arguments: [
            ["Upgrade: h2c", "Connection: Upgrade"], ["Upgrade: websocket, h2c", "Connection: Upgrade"],
            ["Upgrade: websocket", "Connection: close, Upgrade"], ["Upgrade: websocket", "Connection: Upgrade, X"],
            ["Upgrade: websocket"], ["Connection: Upgrade"], [],
        ])
    func connections(_ fields: [String]) {
        #expect(read(Self.request(["Host: a"] + fields)) == .other)
    }

    @Test("the largest request has 4 KiB, the one with the most fields 64")
    func limits() {
        let upgrade = ["Host: a", "Upgrade: websocket", "Connection: Upgrade"]
        let rest = PlainRequest.maximumBytes - Self.request(upgrade + ["X: "]).utf8.count
        func padded(_ count: Int) -> String { Self.request(upgrade + ["X: " + String(repeating: "x", count: count)]) }
        #expect(read(padded(rest)) != .other && read(padded(rest)) != .incomplete)
        #expect(read(padded(rest + 1)) == .other)
        #expect(read(String(padded(rest + 100).prefix(PlainRequest.maximumBytes))) == .other)
        func crowded(_ count: Int) -> String { Self.request(upgrade + (3..<count).map { "X\($0): x" }) }
        #expect(read(crowded(PlainRequest.maximumFields)) != .other)
        #expect(read(crowded(PlainRequest.maximumFields + 1)) == .other)
    }
}
