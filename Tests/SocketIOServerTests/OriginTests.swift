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
}
