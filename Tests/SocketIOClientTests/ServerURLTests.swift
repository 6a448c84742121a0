import EngineIOCore
import NIOCore
import Testing

@testable import SocketIOClient

@Suite("The URL of a server")
struct ServerURLTests {
    @Test(
        "scheme, host, port, namespace and query are read",
        arguments: [
            ("http://example.org", false, "example.org", 80, "/", "", "example.org"),
            ("HTTPS://example.org/", true, "example.org", 443, "/", "", "example.org"),
            ("ws://a:3000/admin?x=1&y=2#z", false, "a", 3000, "/admin", "x=1&y=2", "a:3000"),
            ("wss://[::1]:443/x/y", true, "::1", 443, "/x/y", "", "[::1]"),
            ("http://[2001:db8::1]", false, "2001:db8::1", 80, "/", "", "[2001:db8::1]"),
            ("http://a?b=/c", false, "a", 80, "/", "b=/c", "a"),
        ])
    func read(text: String, isSecure: Bool, host: String, port: Int, namespace: String, query: String, hostField: String) throws {
        let url = try ServerURL(text)
        #expect(url.isSecure == isSecure && url.host == host && url.port == port)
        #expect(url.namespace == namespace && url.query == query && url.hostField == hostField)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "example.org", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:x", "http://a:+1",
            "http://[::1",
            "http://[::1]x", "http://u:p@a", "http://a b", "http://a/x y", "http://a/x\r\ny", "http://a/x,y", "http://a?x=\u{7F}",
        ])
    func refused(text: String) {
        #expect(throws: SocketIOClientError.self) { try ServerURL(text) }
    }

    @Test("a request's target names everything, percent-encoded where the client wrote it")
    func target() throws {
        var configuration = try ConnectionConfiguration("http://a/ns?z=%20")
        configuration.query = [("a b", "ä&c")]
        #expect(configuration.target(.polling, sid: nil) == "/socket.io/?EIO=4&transport=polling&a%20b=%C3%A4%26c&z=%20")
        #expect(configuration.target(.websocket, sid: "s+") == "/socket.io/?EIO=4&transport=websocket&sid=s%2B&a%20b=%C3%A4%26c&z=%20")
    }
}

@Suite("The delay before a reconnect")
struct BackoffTests {
    @Test("it doubles up to the maximum and starts again after a connection")
    func doubling() {
        var backoff = Backoff(ReconnectionPolicy(randomizationFactor: 0))
        let delays = (0..<5).map { _ in backoff.next(random: 0.5) }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
        backoff.reset()
        let first = backoff.next(random: 0.5)
        #expect(first == .seconds(1))
    }

    @Test("chance moves it by up to the factor, in the reference's way", arguments: [(0.0, 1.0), (0.4, 0.8), (0.5, 1.25), (0.9, 1.45)])
    func spread(random: Double, seconds: Double) throws {
        var backoff = Backoff(ReconnectionPolicy(maximumDelay: .seconds(60)))
        let next = backoff.next(random: random)
        let delay = try #require(next)
        #expect(abs(delay / .seconds(1) - seconds) < 1e-9)
    }

    @Test("it never passes the maximum, however many attempts there are")
    func many() throws {
        var backoff = Backoff(ReconnectionPolicy())
        for attempt in 0..<200 {
            let next = backoff.next(random: Double(attempt % 10) / 10)
            let delay = try #require(next)
            #expect(delay >= .zero && delay <= .seconds(5))
        }
    }

    @Test("attempts end with the policy's number")
    func end() {
        var backoff = Backoff(ReconnectionPolicy(maximumAttempts: 2))
        let delays = (0..<3).map { _ in backoff.next(random: 0) != nil }
        #expect(delays == [true, true, false])
    }
}

@Suite("The open packet, as a client reads it")
struct OpenPacketReadingTests {
    private func read(_ json: String) -> OpenPacket? { OpenPacket(json: ByteBuffer(string: json)) }

    @Test("what a server of ours writes is read back, and unknown members and transports are skipped")
    func right() throws {
        let packet = OpenPacket(
            sid: "abc", upgrades: [.websocket], pingIntervalMs: 25_000, pingTimeoutMs: 20_000, maximumPayloadBytes: 1_000_000)
        var written = ByteBuffer()
        packet.write(into: &written)
        written.moveReaderIndex(forwardBy: 1)
        #expect(OpenPacket(json: written) == packet)
        let marks = "a" + String(repeating: "\u{301}\u{327}", count: 20_000)
        let other = #"{"x":{},"sid":"s","upgrades":["webtransport","\#(marks)","websocket"],"pingInterval":1,"pingTimeout":2}"#
        #expect(try #require(read(other)).upgrades == [.websocket])
    }

    @Test(
        "a member that is missing, of another type or out of range makes it none",
        arguments: [
            "", "[]", "{", #"{"upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#,
            #"{"sid":"","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#,
            #"{"sid":1,"upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#,
            #"{"sid":"s","upgrades":{},"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#,
            #"{"sid":"s","upgrades":[1],"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#,
            #"{"sid":"s","upgrades":[],"pingInterval":0,"pingTimeout":1,"maxPayload":1}"#,
            #"{"sid":"s","upgrades":[],"pingInterval":1.5,"pingTimeout":1,"maxPayload":1}"#,
            #"{"sid":"s","upgrades":[],"pingInterval":1,"pingTimeout":1e300,"maxPayload":1}"#,
            #"{"sid":"s","upgrades":[],"pingInterval":1,"pingTimeout":9223372036854775807,"maxPayload":1}"#,
            #"{"sid":"s","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":"1"}"#,
        ])
    func wrong(json: String) {
        #expect(read(json) == nil)
    }
}

@Suite("The configuration of a client")
struct ClientConfigurationTests {
    @Test("the defaults are the reference's")
    func defaults() throws {
        let configuration = try SocketIOClientConfiguration("http://example.org")
        #expect(configuration.connection.path == "/socket.io/" && configuration.connection.transports == .pollingThenUpgrade)
        #expect(configuration.connection.timeout == .seconds(20))
        let policy = try #require(configuration.reconnection)
        #expect(policy.delay == .seconds(1) && policy.maximumDelay == .seconds(5))
        #expect(policy.randomizationFactor == 0.5 && policy.maximumAttempts == nil)
        #expect(configuration.acknowledgementTimeout == nil && configuration.retries == nil)
        guard case .none = configuration.authentication else {
            Issue.record("an auth by default")
            return
        }
    }
}
