import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Origins")
struct OriginTests {
    private static let handshake = "/socket.io/?EIO=4&transport=polling"

    @Test("without a policy no CORS header is sent and nobody is refused")
    func noPolicy() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request("GET", OriginTests.handshake, headers: ["Origin: https://evil.example"])
            #expect(response.hasPrefix("HTTP/1.1 200 "))
            #expect(!response.contains("Access-Control"))
            peer.finish()
        }
    }

    @Test("any origin: a star")
    func anyOrigin() throws {
        var configuration = SocketIOConfiguration()
        configuration.cors = CORSPolicy()
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request("GET", OriginTests.handshake, headers: ["Origin: https://a.example"])
            #expect(response.contains("Access-Control-Allow-Origin: *\r\n"))
            let error = try peer.request("GET", "/socket.io/?EIO=4", headers: ["Origin: https://a.example"])
            #expect(error.contains("Access-Control-Allow-Origin: *\r\n"), "the page must be able to read the error")
            peer.finish()
        }
    }

    @Test("a list: only its origins are named, and caches are told")
    func list() throws {
        var configuration = SocketIOConfiguration()
        configuration.cors = CORSPolicy(origins: .list(["https://a.example"]), allowsCredentials: true)
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let allowed = try peer.request("GET", OriginTests.handshake, headers: ["Origin: https://a.example"])
            #expect(allowed.contains("Access-Control-Allow-Origin: https://a.example\r\n"))
            #expect(allowed.contains("Access-Control-Allow-Credentials: true\r\n"))
            #expect(allowed.contains("Vary: Origin\r\n"))
            let other = try peer.request("GET", OriginTests.handshake, headers: ["Origin: https://b.example"])
            #expect(other.hasPrefix("HTTP/1.1 200 "))
            #expect(!other.contains("Access-Control-Allow-Origin"))
            #expect(other.contains("Vary: Origin\r\n"))
            peer.finish()
        }
    }

    @Test("a preflight is answered with 204 and what was asked for")
    func preflight() throws {
        var configuration = SocketIOConfiguration()
        configuration.cors = CORSPolicy()
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let headers = ["Origin: https://a.example", "Access-Control-Request-Headers: x-token"]
            let response = try peer.request("OPTIONS", OriginTests.handshake, headers: headers)
            #expect(response.hasPrefix("HTTP/1.1 204 "))
            #expect(response.contains("Access-Control-Allow-Headers: x-token\r\n"))
            #expect(response.contains("Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n"))
            #expect(response.contains("Vary: Origin, Access-Control-Request-Headers\r\n"))
            peer.finish()
        }
    }

    @Test(
        "a foreign origin gets 403 on both transports",
        arguments: [
            "https://evil.example", "null", "http://localhost.evil.example", "http://localhost:81", "https://localhost", "http://localhos",
            "http://localhost/", "http://user@localhost",
        ])
    func foreign(origin: String) throws {
        var configuration = SocketIOConfiguration()
        configuration.originPolicy = .ownAnd(["https://school.example"])
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            #expect(try peer.request("GET", OriginTests.handshake, headers: ["Origin: \(origin)"]).hasPrefix("HTTP/1.1 403 "))
            let target = "/socket.io/?EIO=4&transport=websocket"
            let response = try peer.request("GET", target, headers: EmbeddedPeer.upgradeHeaders + ["Origin: \(origin)"])
            #expect(response.hasPrefix("HTTP/1.1 403 "))
            #expect(io.statistics.connectionsOpened == 0)
            peer.finish()
        }
    }

    @Test(
        "the server's own origin, an allowed one, and none at all pass",
        arguments: ["http://localhost", "HTTP://LOCALHOST", "https://school.example", nil])
    func allowed(origin: String?) throws {
        var configuration = SocketIOConfiguration()
        configuration.originPolicy = .ownAnd(["https://school.example"])
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let headers = origin.map { ["Origin: \($0)"] } ?? []
            #expect(try peer.request("GET", OriginTests.handshake, headers: headers).hasPrefix("HTTP/1.1 200 "))
            peer.finish()
        }
    }

    @Test(
        "a scheme's own port is the same as none, and any scheme may be allowed",
        arguments: [
            ("http://s.example", "s.example:80", true), ("http://s.example:80", "s.example", true), ("http://s.example", "S.Example", true),
            ("http://s.example", "s.example:81", false), ("https://s.example", "s.example:443", false),
            ("http://s.example:443", "s.example", false),
            ("https://school.example:443", "x", true), ("https://school.example:80", "x", false), ("capacitor://localhost", "x", true),
            ("capacitor://localhost:80", "x", false), ("http://[::1]:80", "[::1]", true), ("http://s.example/", "s.example", false),
            ("http://", "", false), ("http://s.example, http://x", "s.example", false), ("null", "null", false),
        ])
    func ports(origin: String, host: String, isAllowed: Bool) {
        let policy = OriginPolicy.ownAnd(["https://school.example", "capacitor://localhost"])
        #expect(policy.allows(origin: origin, host: host, secure: false) == isAllowed)
    }

    @Test(
        "a host by another name than the server's is refused, also as its own origin",
        arguments: [
            ("evil.example", false), ("evil.example:3001", false), ("localhost.evil.example", false), ("127.0.0.1.evil.example", false),
            ("-0.0.0.0", false),
            ("127.1", false), ("0x7f.0.0.1", false), ("127.0.0.256", false), ("1.2.3", false), ("", false), ("name.example.evil", false),
            ("localhost", true), ("localhost:3001", true), ("LOCALHOST", true), ("localhost.", true), ("a.localhost", true),
            ("127.0.0.1:1", true),
            ("[::1]", true), ("192.168.1.20", true), ("name.example", true), ("Name.Example:8080", true), ("name.example.", true),
        ])
    func hosts(host: String, isAllowed: Bool) throws {
        var configuration = SocketIOConfiguration()
        configuration.originPolicy = .ownAnd([])
        configuration.hostPolicy = HostPolicy(names: ["name.example"])
        try withEmbeddedServer(configuration) { io, loop in
            let targets = [OriginTests.handshake, "/socket.io/?EIO=4&transport=websocket"]
            for (target, fields) in [(targets[0], []), (targets[0], ["Origin: http://\(host)"]), (targets[1], EmbeddedPeer.upgradeHeaders)]
            {
                let peer = try EmbeddedPeer(io, loop: loop)
                try peer.send((["GET \(target) HTTP/1.1", "Host: \(host)"] + fields).joined(separator: "\r\n") + "\r\n\r\n")
                let answer = try peer.output()
                #expect(answer.hasPrefix("HTTP/1.1 403 ") == !isAllowed, "\(target) \(fields) \(answer.prefix(20))")
                peer.finish()
            }
        }
    }

    @Test("the name in a target counts as Host does")
    func hostInTarget() throws {
        var configuration = SocketIOConfiguration()
        configuration.hostPolicy = HostPolicy(names: [])
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            #expect(try peer.request("GET", "http://evil.example" + OriginTests.handshake).hasPrefix("HTTP/1.1 403 "))
            #expect(try peer.request("GET", "http://localhost:1" + OriginTests.handshake).hasPrefix("HTTP/1.1 200 "))
            peer.finish()
        }
    }

    @Test("parts of a request that an answer repeats are short and harmless")
    func reflected() throws {
        var configuration = SocketIOConfiguration()
        configuration.cors = CORSPolicy(allowsCredentials: true)
        try withEmbeddedServer(configuration) { io, loop in
            for (name, values, isRepeated) in [
                ("Access-Control-Request-Headers", [String(repeating: "x", count: 1_024), "x-a, y-b"], true),
                ("Access-Control-Request-Headers", [String(repeating: "x", count: 1_025), "x\u{e9}", "a:b", "a(b)", "a\tb"], false),
                ("Origin", ["http://" + String(repeating: "x", count: 505), "null"], true),
                ("Origin", ["http://" + String(repeating: "x", count: 506), "http://a b", "http://a,b", "http://\u{e9}"], false),
            ] {
                for value in values {
                    let peer = try EmbeddedPeer(io, loop: loop)
                    let answer = try peer.request("OPTIONS", OriginTests.handshake, headers: ["\(name): \(value)"])
                    #expect(answer.hasPrefix("HTTP/1.1 204 ") && answer.contains(": \(value)\r\n") == isRepeated, "\(name) \(value.count)")
                    peer.finish()
                }
            }
        }
    }
}
