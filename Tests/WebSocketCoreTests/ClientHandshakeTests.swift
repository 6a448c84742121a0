import NIOCore
import Testing
import WebSocketCore

@Suite("A client's opening handshake")
struct ClientHandshakeTests {
    private static let nonce: (UInt64, UInt64) = (0x7468_6520_7361_6D70, 0x6C65_206E_6F6E_6365)
    private static let accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    private static let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

    private func handshake(
        subprotocols: [String] = [], fields: [(name: String, value: String)] = [], deflate: PerMessageDeflate? = nil,
        limits: UpgradeResponse.Limits = .init()
    ) -> WebSocketClientHandshake {
        WebSocketClientHandshake(
            target: "/chat?a=b", host: "example.org:8080", nonce: Self.nonce, subprotocols: subprotocols, fields: fields, deflate: deflate,
            limits: limits)
    }

    private func failure(_ response: String, _ handshake: WebSocketClientHandshake, isAtEnd: Bool = false) -> WebSocketHandshakeError? {
        var handshake = handshake
        var input = ByteBuffer(string: response)
        do throws(WebSocketHandshakeError) {
            _ = try handshake.receive(&input, isAtEnd: isAtEnd)
            return nil
        } catch {
            return error
        }
    }

    @Test("the key is that of RFC 6455's example, and the request names everything")
    func request() throws {
        let handshake = handshake(subprotocols: ["a", "b"], fields: [("Cookie", "x=y")], deflate: PerMessageDeflate())
        var request = ByteBuffer()
        try handshake.write(into: &request)
        #expect(
            String(buffer: request) == """
                GET /chat?a=b HTTP/1.1\r
                Host: example.org:8080\r
                Connection: Upgrade\r
                Upgrade: websocket\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                Sec-WebSocket-Protocol: a, b\r
                Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r
                Cookie: x=y\r
                \r

                """)
        #expect(WebSocketHandshake.isValidKey(handshake.key))
    }

    @Test(
        "a request that would forge further lines or fields is not written",
        arguments: [
            ("/a b", "h", "x", "y"), ("a", "h", "x", "y"), ("/a\r\nX: 1", "h", "x", "y"), ("/", "h\r\nX: 1", "x", "y"), ("/", "", "x", "y"),
            ("/", "h", "x y", "z"), ("/", "h", "", "z"), ("/", "h", "x", "y\r\nZ: 1"), ("/", "h", "Host", "y"),
            ("/", "h", "sec-websocket-key", "y"), ("/", "h", "Content-Length", "3"),
        ])
    func forged(target: String, host: String, name: String, value: String) {
        let handshake = WebSocketClientHandshake(target: target, host: host, nonce: (1, 2), fields: [(name, value)])
        var request = ByteBuffer()
        #expect(throws: WebSocketHandshakeError.self) { try handshake.write(into: &request) }
        #expect(request.readableBytes == 0)
    }

    @Test("a right response is taken, however it is split, and the frames behind it are left")
    func split() throws {
        let response = Self.accepted.replacing("Connection: Upgrade", with: "connection: keep-alive, UPGRADE") + Self.accept + "\r\n"
        let bytes = Array(response.utf8) + [0x81, 0x00]
        for cut in 0...bytes.count {
            var handshake = handshake()
            var input = buffer(Array(bytes[..<cut]))
            let early = try handshake.receive(&input)
            #expect((early != nil) == (cut >= response.utf8.count))
            input.writeBytes(bytes[cut...])
            if early == nil { #expect(try handshake.receive(&input) != nil) }
            #expect(input == buffer([0x81, 0x00]))
        }
    }

    @Test("a response's fields are found in whatever case, and those of one name are joined")
    func fields() {
        let response = UpgradeResponse(
            status: 101,
            fields: [.init(name: "UPGRADE", value: "a"), .init(name: "x^y", value: "b"), .init(name: "upgrade", value: "c")])
        #expect(response["Upgrade"] == "a, c")
        #expect(response["X^Y"] == "b")
        // The two differ by the bit that tells the cases of a letter apart.
        #expect(response["x~y"] == nil)
        #expect(response["upgrad"] == nil)
    }

    @Test("informational responses come before the one that counts")
    func informational() throws {
        var handshake = handshake()
        var input = ByteBuffer(string: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Self.accepted + Self.accept + "\r\n")
        #expect(try handshake.receive(&input) != nil)
    }

    @Test("a sub-protocol and compression are agreed on when they were offered, and refused otherwise")
    func agreement() throws {
        let response = Self.accepted + Self.accept + "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        var offering = handshake(subprotocols: ["a", "b"], deflate: PerMessageDeflate())
        var input = ByteBuffer(string: response)
        let agreement = try #require(try offering.receive(&input))
        #expect(agreement.subprotocol == "b" && agreement.deflate == PerMessageDeflate() && agreement.reservedBits == .rsv1)
        #expect(failure(response, handshake(subprotocols: ["a"], deflate: PerMessageDeflate())) == .subprotocolNotOffered)
        #expect(failure(response, handshake(subprotocols: ["a", "b"])) == .extensionNotOffered)
        let twice = response.replacing("permessage-deflate", with: "permessage-deflate, permessage-deflate")
        #expect(failure(twice, handshake(subprotocols: ["b"], deflate: PerMessageDeflate())) == .extensionNotOffered)
    }

    @Test(
        "a response that is not the right one fails the connection",
        arguments: [
            (Self.accepted + "\r\n", .wrongAcceptKey),
            (Self.accepted + "Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", .wrongAcceptKey),
            (Self.accepted + Self.accept + Self.accept + "\r\n", .wrongAcceptKey),
            ("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" + Self.accept + "\r\n", .notUpgraded),
            ("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n" + Self.accept + "\r\n", .notUpgraded),
            ("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" + Self.accept + "\r\n", .notUpgraded),
            ("\r\n\r\n", .malformedResponse), ("HTTP/2 101 x\r\n\r\n", .malformedResponse), ("SSH-2.0-x\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 1x1\r\n\r\n", .malformedResponse), ("HTTP/1.1 101 x\r\nname\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 101 x\r\n: v\r\n\r\n", .malformedResponse), ("HTTP/1.1 101 x\r\na b: v\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n folded\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 101 x\r\nUpgrade: websocket\u{301}\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 101 x\r\nConnection: Upgrade, a\u{301}\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: a\u{301}\r\n\r\n", .malformedResponse),
            ("HTTP/1.1 101 x\r\nSec-WebSocket-Protocol: a\u{301}\r\n\r\n", .malformedResponse),
        ] as [(String, WebSocketHandshakeError)])
    func wrong(response: String, error: WebSocketHandshakeError) {
        #expect(failure(response, handshake()) == error)
    }

    @Test("a refusal is reported with its body, which ends with its length or with the connection")
    func refusal() throws {
        let sized = "HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nno!!more"
        #expect(failure(sized, handshake()) == .refused(status: 400, body: "no!!"))
        let unsized = "HTTP/1.1 403 Forbidden\r\n\r\nnever"
        #expect(failure(unsized, handshake()) == nil)
        #expect(failure(unsized, handshake(), isAtEnd: true) == .refused(status: 403, body: "never"))
        var slow = handshake()
        var input = ByteBuffer(string: String(sized.prefix(sized.count - 7)))
        #expect(try slow.receive(&input) == nil)
        input.writeString("o!!")
        #expect(throws: WebSocketHandshakeError.refused(status: 400, body: "no!!")) { try slow.receive(&input) }
        #expect(failure("HTTP/1.1 204 No Content\r\n\r\n", handshake()) == .refused(status: 204, body: ""))
        #expect(failure("HTTP/1.1 101", handshake(), isAtEnd: true) == .connectionClosed)
    }

    @Test("a head and a body of the limit are taken, one more byte or field is not")
    func limits() {
        let response = Self.accepted + Self.accept + "\r\n"
        let bytes = response.utf8.count
        #expect(failure(response, handshake(limits: .init(maximumHeadBytes: bytes))) == nil)
        #expect(failure(response, handshake(limits: .init(maximumHeadBytes: bytes - 1))) == .headTooBig)
        #expect(failure(String(repeating: "x", count: 65), handshake(limits: .init(maximumHeadBytes: 64))) == .headTooBig)
        #expect(failure(response, handshake(limits: .init(maximumFields: 3))) == nil)
        #expect(failure(response, handshake(limits: .init(maximumFields: 2))) == .tooManyFields)
        let refusal = "HTTP/1.1 500 x\r\nContent-Length: 5\r\n\r\nabcde"
        #expect(failure(refusal, handshake(limits: .init(maximumBodyBytes: 5))) == .refused(status: 500, body: "abcde"))
        #expect(failure(refusal, handshake(limits: .init(maximumBodyBytes: 4))) == .refused(status: 500, body: "abcd"))
    }
}

@Suite("The closing handshake")
struct CloseHandshakeTests {
    @Test("the end that begins sends one close frame and is finished by the other's", arguments: [WebSocketRole.client, .server])
    func begins(role: WebSocketRole) {
        var handshake = WebSocketCloseHandshake(role: role)
        #expect(handshake.maySend)
        let first = handshake.begin(), second = handshake.begin()
        #expect(first && !second && !handshake.maySend && handshake.state == .closing)
        #expect(handshake.receive(.normal) == .finished)
        #expect(handshake.receive(.normal) == .ignored)
        let isClean = handshake.connectionEnded()
        #expect(isClean && handshake.endsConnection == (role == .server))
    }

    @Test("the other end repeats the code, once")
    func answers() {
        var handshake = WebSocketCloseHandshake(role: .server)
        #expect(handshake.receive(.goingAway) == .reply(.goingAway))
        let begins = handshake.begin()
        #expect(!begins)
        var empty = WebSocketCloseHandshake(role: .client)
        #expect(empty.receive(nil) == .reply(nil))
    }

    @Test("a connection that ends before both frames is not clean")
    func unclean() {
        var open = WebSocketCloseHandshake(role: .client)
        let first = open.connectionEnded()
        var closing = WebSocketCloseHandshake(role: .client)
        _ = closing.begin()
        let second = closing.connectionEnded()
        #expect(!first && !second)
    }
}
