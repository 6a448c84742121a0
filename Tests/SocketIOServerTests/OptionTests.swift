import EngineIOCore
import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SocketIOCore
import SocketIOTesting
import Testing
import WebSocketCore

@testable import SocketIOServer

@Suite("Options of the reference")
struct OptionTests {
    private func with(
        _ change: (inout SocketIOConfiguration) -> Void, _ body: (SocketIO, EmbeddedEventLoop) throws -> Void
    ) throws {
        var configuration = SocketIOConfiguration()
        change(&configuration)
        try withEmbeddedServer(configuration, body)
    }

    private static let polling = "/socket.io/?EIO=4&transport=polling"

    @Test("the defaults are the reference's")
    func defaults() {
        let configuration = SocketIOConfiguration()
        #expect(configuration.path == "/socket.io/" && configuration.servesClient)
        #expect(configuration.transports == [.polling, .websocket] && configuration.allowUpgrades)
        #expect(configuration.pingInterval == .seconds(25) && configuration.pingTimeout == .seconds(20))
        #expect(configuration.connectTimeout == .seconds(45) && configuration.upgradeTimeout == .seconds(10))
        #expect(configuration.pollingCloseTimeout == .seconds(30))
        #expect(configuration.maximumHTTPBufferBytes == 1_000_000 && configuration.packetLimits.maximumAttachments == 10)
        #expect(configuration.perMessageDeflate == nil && PerMessageDeflateOptions().threshold == 1_024)
        #expect(configuration.httpCompression?.threshold == 1_024)
        #expect(configuration.cors == nil && configuration.cookie == nil && configuration.allowRequest == nil)
        let cookie = SessionCookie()
        #expect(cookie.header(for: "1") == "io=1; Path=/; HttpOnly; SameSite=Lax")
        #expect(!configuration.cleanupEmptyChildNamespaces)
        #expect(configuration.recovery == nil && configuration.recoverySkipsMiddlewares)
        #expect(RecoveryLimits().maximumDisconnection == .seconds(120))
    }

    // MARK: Cookie

    @Test("a polling handshake sets the cookie with the session's id, and no later answer does")
    func cookie() throws {
        try with {
            $0.cookie = SessionCookie()
        } _: { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request("GET", Self.polling)
            let sid = try #require(response.components(separatedBy: "\"sid\":\"").last?.prefix(20))
            #expect(response.contains("Set-Cookie: io=\(sid); Path=/; HttpOnly; SameSite=Lax\r\n"))
            let later = try peer.request("POST", "\(Self.polling)&sid=\(sid)", body: "40")
            #expect(!later.contains("Set-Cookie"))
            peer.finish()
        }
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request("GET", Self.polling)
            #expect(!response.contains("Set-Cookie"))
            peer.finish()
        }
    }

    @Test("every attribute of a cookie is written")
    func cookieAttributes() {
        let cookie = SessionCookie(
            name: "s", path: "/a", domain: "x.example", maximumAge: .seconds(60), isHTTPOnly: false, isSecure: true,
            sameSite: SessionCookie.SameSite.none)
        #expect(cookie.header(for: "1") == "s=1; Max-Age=60; Domain=x.example; Path=/a; Secure; SameSite=None")
        #expect(SessionCookie(path: nil, isHTTPOnly: false, sameSite: nil).header(for: "1") == "io=1")
    }

    // MARK: Browser client

    @Test(
        "the browser client is served under the reference's names, as a script and as a module",
        arguments: [("socket.io.js", true), ("socket.io.min.js", true), ("socket.io.esm.js", false), ("socket.io.esm.min.js", false)])
    func browserClient(name: String, isScript: Bool) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request("GET", "/socket.io/\(name)?v=1")
            #expect(response.hasPrefix("HTTP/1.1 200 ") && response.contains("Content-Type: application/javascript; charset=utf-8\r\n"))
            #expect(response.contains("globalThis.io = ") == isScript)
            #expect(response.contains("\nexport function io(") == !isScript)
            let tag = try #require(response.components(separatedBy: "ETag: ").last?.components(separatedBy: "\r\n").first)
            let again = try peer.request("GET", "/socket.io/\(name)", headers: ["If-None-Match: \"x\", W/\(tag)"])
            #expect(again.hasPrefix("HTTP/1.1 304 ") && again.hasSuffix("\r\n\r\n"))
            let head = try peer.request("HEAD", "/socket.io/\(name)")
            #expect(head.hasPrefix("HTTP/1.1 200 ") && head.hasSuffix("\r\n\r\n"))
            #expect(io.statistics.handshakes.values.allSatisfy { $0 == 0 })
            peer.finish()
        }
    }

    @Test("nothing else is below the path, and nothing at all if the client is not served")
    func noBrowserClient() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            for name in ["socket.io.js.map", "other.js", "", "a/socket.io.js", "../socket.io.js"] {
                #expect(try peer.request("GET", "/socket.io/\(name)").hasPrefix("HTTP/1.1 400 "), "\(name)")
            }
            peer.finish()
        }
        try with {
            $0.servesClient = false
        } _: { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            #expect(try peer.request("GET", "/socket.io/socket.io.js").hasPrefix("HTTP/1.1 400 "))
            peer.finish()
        }
    }

    // MARK: Subprotocols

    @Test(
        "the first subprotocol that a client offers is answered, with and without the HTTP parser",
        arguments: [nil, "a, b", "b", " a ,b"], [[], ["X-Odd;: 1"]])
    func subprotocol(offer: String?, odd: [String]) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            // A request in two pieces is read by the HTTP parser.
            let headers = EmbeddedPeer.upgradeHeaders + (offer.map { ["Sec-WebSocket-Protocol: \($0)"] } ?? [])
            let head = (["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Host: localhost"] + headers).joined(separator: "\r\n")
            if odd.isEmpty {
                try peer.send(head + "\r\n\r\n")
            } else {
                try peer.send(head)
                try peer.send("\r\n\r\n")
            }
            let response = try peer.output()
            #expect(response.hasPrefix("HTTP/1.1 101 "))
            let answered = response.components(separatedBy: "Sec-WebSocket-Protocol: ").dropFirst().first?
                .components(separatedBy: "\r\n").first
            #expect(answered == offer.map { $0.contains("a") ? "a" : "b" })
            peer.finish()
        }
    }

    @Test("subprotocols that are no tokens, or offered twice, refuse the WebSocket", arguments: ["a b", "a,,b", "a,a", ",", "\"a\""])
    func badSubprotocol(offer: String) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request(
                "GET", "/socket.io/?EIO=4&transport=websocket",
                headers: EmbeddedPeer.upgradeHeaders + ["Sec-WebSocket-Protocol: \(offer)"])
            #expect(response.hasPrefix("HTTP/1.1 400 "))
            peer.finish()
        }
    }

    // MARK: Proxies

    @Test(
        "a client's address is what the nearest proxy that is trusted says",
        arguments: [
            ([], "1.2.3.4", "127.0.0.1"), (["127.0.0.1"], nil, "127.0.0.1"), (["127.0.0.1"], "1.2.3.4", "1.2.3.4"),
            (["127.0.0.0/8"], "6.6.6.6, 1.2.3.4", "1.2.3.4"), (["127.0.0.1", "10.0.0.0/8"], "1.2.3.4, 10.9.9.9", "1.2.3.4"),
            (["127.0.0.1"], "nonsense", "127.0.0.1"), (["127.0.0.1"], "1.2.3.4, nonsense", "127.0.0.1"),
            (["10.0.0.0/8"], "1.2.3.4", "127.0.0.1"), (["127.0.0.1"], "1.2.3.4:5678", "1.2.3.4"),
            (["127.0.0.1"], "[2001:db8::1]:443", "2001:db8::1"), (["127.0.0.1"], "2001:db8::1", "2001:db8::1"),
            (["::ffff:127.0.0.1"], "1.2.3.4", "1.2.3.4"), (["0.0.0.0/0"], "1.2.3.4, 5.6.7.8", "1.2.3.4"), (["127.0.0.1"], "", "127.0.0.1"),
        ] as [([String], String?, String)])
    func forwarded(proxies: [String], field: String?, expected: String) throws {
        let trusted = try #require(TrustedProxies(proxies))
        var headers = HTTPHeaders()
        if let field { headers.add(name: "X-Forwarded-For", value: field) }
        #expect(trusted.client(of: headers, address: "127.0.0.1", secure: false).address == expected)
    }

    @Test(
        "what is no address and no network is refused",
        arguments: ["x", "1.2.3", "10.0.0.0/33", "::1/129", "10.0.0.0/", "/8", "10.0.0.0/-1"])
    func badProxies(text: String) {
        #expect(TrustedProxies([text]) == nil)
    }

    @Test("a trusted proxy says whether a connection is encrypted, anybody else does not")
    func forwardedScheme() throws {
        let trusted = try #require(TrustedProxies(["127.0.0.1"]))
        let headers: HTTPHeaders = ["X-Forwarded-Proto": "https"]
        #expect(trusted.client(of: headers, address: "127.0.0.1", secure: false).secure)
        #expect(!trusted.client(of: headers, address: "9.9.9.9", secure: false).secure)
        #expect(!trusted.client(of: ["X-Forwarded-Proto": "https, http"], address: "127.0.0.1", secure: true).secure)
    }

    @Test(
        "unused sessions of many clients fit into one connection of a trusted proxy, and not into anybody else's", arguments: [true, false])
    func unconfirmedBehindProxy(isTrusted: Bool) throws {
        try with {
            if isTrusted { $0.trustedProxies = TrustedProxies(["127.0.0.1"]) ?? TrustedProxies() }
            $0.maximumUnconfirmedSessions = 1
        } _: { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            #expect(try peer.request("GET", Self.polling, headers: ["X-Forwarded-For: 1.1.1.1"]).hasPrefix("HTTP/1.1 200 "))
            let second = try peer.request("GET", Self.polling, headers: ["X-Forwarded-For: 2.2.2.2"])
            #expect(second.hasPrefix(isTrusted ? "HTTP/1.1 200 " : "HTTP/1.1 503 "))
        }
    }

    @Test("handshakes have the forwarded address, and limits per address count by it")
    func forwardedLimits() throws {
        try with {
            $0.trustedProxies = TrustedProxies(["127.0.0.1"]) ?? TrustedProxies()
            $0.maximumPollingSessionsPerAddress = 1
        } _: { io, loop in
            let addresses = Recorder<String>()
            io.onConnection { addresses.append($0.handshake.address) }
            for (address, isIn) in [("1.1.1.1", true), ("2.2.2.2", true), ("1.1.1.1", false)] {
                let response = try EmbeddedPeer(io, loop: loop).request("GET", Self.polling, headers: ["X-Forwarded-For: \(address)"])
                #expect(response.hasPrefix(isIn ? "HTTP/1.1 200 " : "HTTP/1.1 503 "))
            }
            let peer = try EmbeddedPeer(io, loop: loop)
            let head = ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Host: localhost", "X-Forwarded-For: 3.3.3.3"]
            try peer.send((head + EmbeddedPeer.upgradeHeaders).joined(separator: "\r\n") + "\r\n\r\n")
            _ = try peer.output()
            try peer.text("40")
            #expect(addresses.all == ["3.3.3.3"])
            peer.finish()
        }
    }
}

@Suite("Middleware for HTTP requests")
struct HTTPMiddlewareTests {
    private struct Broken: Error {}

    @Test("each request is seen, in the order of the middlewares, and what one throws is the answer")
    func order() throws {
        let seen = Recorder<String>()
        var configuration = SocketIOConfiguration()
        configuration.httpMiddlewares = [
            { seen.append("1 \($0.method) \($0.headers.first(name: "x") ?? "-")") },
            { request in
                if request.target.contains("broken") { throw Broken() }
                if request.target.contains("teapot") { throw EngineRequestError(status: 418, code: 3, message: "short \"and\" stout") }
            },
            { _ in seen.append("3") },
        ]
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            #expect(seen.all == ["1 GET -", "3"])
            #expect(try peer.request("POST", target, headers: ["X: y"], body: "40").hasSuffix("ok"))
            #expect(seen.all.suffix(2) == ["1 POST y", "3"])
            let broken = try peer.request("GET", target + "&broken")
            #expect(broken.hasPrefix("HTTP/1.1 400 ") && broken.hasSuffix(#"{"code":3,"message":"Bad request"}"#))
            let teapot = try peer.request("POST", target + "&teapot", body: "x")
            #expect(teapot.hasPrefix("HTTP/1.1 418 ") && teapot.hasSuffix(#"{"code":3,"message":"short \"and\" stout"}"#))
            // The session has noticed nothing.
            #expect(try peer.request("GET", target).contains("40{"))
            #expect(seen.all.count == 8)
            for isPlain in [true, false] {
                let socket = try EmbeddedPeer(io, loop: loop)
                let refused = try socket.upgrade(
                    "/socket.io/?EIO=4&transport=websocket&broken", headers: isPlain ? [] : ["Cookie:\tread by the HTTP parser"])
                #expect(refused.hasPrefix("HTTP/1.1 400 ") && socket.isOutputClosed)
                socket.finish()
            }
            #expect(io.statistics.handshakes[.refused] == 2 && io.statistics.handshakes[.accepted] == 1)
            peer.finish()
        }
    }
}

@Suite("A check of handshakes that takes its time", .timeLimit(.minutes(10)))
struct HandshakeCheckTests {
    private static let webSocket = "/socket.io/?EIO=4&transport=websocket"

    @Test("the request waits for the answer: it is let in, or refused with the check's own error")
    func waiting() async throws {
        var configuration = SocketIOConfiguration().patient
        configuration.allowRequest = .asynchronous { handshake in
            await Task.yield()
            return handshake.query["ban"] == nil ? nil : .forbidden("banned")
        }
        try await LoopPair.with(configuration) { pair in
            let polling = "GET /socket.io/?EIO=4&transport=polling"
            let tail = " HTTP/1.1\r\nHost: x\r\n\r\n"
            let refused = try await pair.connect().client.ask("\(polling)&ban=1\(tail)", until: "}")
            #expect(refused.hasPrefix("HTTP/1.1 403 ") && refused.hasSuffix(#"{"code":4,"message":"banned"}"#))
            let opened = try await pair.connect().client.ask("\(polling)\(tail)", until: "}")
            #expect(opened.hasPrefix("HTTP/1.1 200 "))
            let client = try await pair.connect().client.upgrade(Self.webSocket)
            #expect(try await client.next().hasPrefix("0{"))
            client.send(["40"])
            #expect(try await client.next().hasPrefix("40{"))
            let banned = try await pair.connect().client
            await #expect(throws: ChannelError.eof) { try await banned.upgrade("\(Self.webSocket)&ban=1") }
            #expect(pair.io.statistics.handshakes[.refused] == 2 && pair.io.statistics.handshakes[.accepted] == 2)
        }
    }

    @Test("a client that has gone meanwhile leaves nothing")
    func gone() async throws {
        let (decisions, decide) = AsyncStream.makeStream(of: Void.self)
        let (questions, ask) = AsyncStream.makeStream(of: Void.self)
        var configuration = SocketIOConfiguration().patient
        configuration.allowRequest = .asynchronous { _ in
            ask.yield()
            for await _ in decisions { break }
            return nil
        }
        try await LoopPair.with(configuration) { pair in
            let (client, peer) = try await pair.connect()
            async let response = try? client.ask("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n", until: "never")
            for await _ in questions { break }
            try await client.close()
            decide.finish()
            _ = await response
            await pair.io.shutdown()
            // A channel's place is given back on its loop, behind its end.
            try await peer.closeFuture.get()
            try await peer.eventLoop.submit {}.get()
            #expect(pair.io.placesInUse == (0, 0, 0))
        }
    }
}
