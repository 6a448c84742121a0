import EngineIOCore
import Foundation
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("HTTP long-polling")
struct PollingTests {
    private func sid(_ response: String) throws -> String {
        let start = try #require(response.range(of: "\"sid\":\""))
        return String(response[start.upperBound...].prefix(20))
    }

    @Test("a handshake tells the session's id, times and limits")
    func handshake() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request("GET", "/socket.io/?EIO=4&transport=polling")
            #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(response.contains("Content-Type: text/plain; charset=UTF-8\r\n"))
            #expect(response.contains("Cache-Control: no-store\r\n"))
            #expect(response.contains(#""upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#))
            #expect(io.statistics.connections == 1)
            peer.finish()
        }
    }

    @Test(
        "each bad request gets the reference's status and code",
        arguments: [
            ("GET", "/socket.io/?EIO=4", "400", 0), ("GET", "/socket.io/?EIO=4&transport=carrier-pigeon", "400", 0),
            ("GET", "/socket.io/?EIO=4&transport=polling&sid=nobody", "400", 1),
            ("GET", "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", "400", 1),
            ("POST", "/socket.io/?EIO=4&transport=polling", "400", 2), ("PUT", "/socket.io/?EIO=4&transport=polling", "400", 2),
            ("DELETE", "/socket.io/?EIO=4&transport=polling", "400", 2), ("PATCH", "/socket.io/?EIO=4&transport=websocket", "400", 2),
            ("GET", "/socket.io/?EIO=4&transport=websocket", "400", 3),
            ("GET", "/socket.io/?EIO=3&transport=polling", "400", 5), ("OPTIONS", "/socket.io/?EIO=4", "400", 0),
        ])
    func badRequests(method: String, target: String, status: String, code: Int) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let response = try peer.request(method, target)
            #expect(response.hasPrefix("HTTP/1.1 \(status) "))
            #expect(response.contains("Content-Type: application/json"))
            #expect(response.contains("{\"code\":\(code),\"message\":"))
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("events travel by POST and answers by GET")
    func echo() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments.first) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            #expect(try peer.request("POST", target, body: "40").hasSuffix("\r\n\r\nok"))
            #expect(try peer.request("GET", target).contains("40{\"sid\":\""))
            _ = try peer.request("POST", target, body: "421[\"echo\",\"a\"]\u{1e}422[\"echo\",{\"b\":1}]")
            #expect(try peer.request("GET", target).hasSuffix("431[\"a\"]\u{1e}432[{\"b\":1}]"))
            peer.finish()
        }
    }

    @Test("a GET that waits is answered when something comes")
    func waitingGET() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { $0.join("room") }
            let peer = try EmbeddedPeer(io, loop: loop)
            let poster = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try poster.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            #expect(try peer.request("GET", target) == "", "nothing to say yet")
            io.to("room").emit("news", "x")
            #expect(try peer.output().hasSuffix(#"42["news","x"]"#))
            peer.finish()
            poster.finish()
        }
    }

    @Test("two GETs at once end the session: the first gets a close packet, the second 400")
    func duplicateGET() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let other = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try peer.request("GET", target)
            #expect(try other.request("GET", target).hasPrefix("HTTP/1.1 400 "))
            let first = try peer.output()
            #expect(first.hasPrefix("HTTP/1.1 200 ") && first.hasSuffix("\r\n\r\n1"))
            #expect(try other.request("GET", target).contains("\"code\":1"))
            #expect(io.statistics.connections == 0)
            peer.finish()
            other.finish()
        }
    }

    @Test("a client that gives up its GET has gone")
    func abortedGET() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            _ = try peer.request("GET", "/socket.io/?EIO=4&transport=polling&sid=\(id)")
            peer.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            loop.run()
            #expect(io.statistics.connections == 0)
            peer.finish()
        }
    }

    @Test("a close packet by POST releases the GET with a noop")
    func clientClose() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let poster = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try peer.request("GET", target)
            _ = try poster.request("POST", target, body: "1")
            #expect(try peer.output().hasSuffix("\r\n\r\n6"))
            #expect(io.statistics.connections == 0)
            peer.finish()
            poster.finish()
        }
    }

    @Test("a server that closes says so: first the disconnect packet, then noop and close")
    func serverClose() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { socket in socket.on("bye") { $0.socket.disconnect(close: true) } }
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try peer.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            _ = try peer.request("GET", target)
            let poster = try EmbeddedPeer(io, loop: loop)
            _ = try poster.request("POST", target, body: "42[\"bye\"]")
            #expect(try peer.output().hasSuffix("\r\n\r\n41"))
            #expect(try peer.request("GET", target).hasSuffix("\r\n\r\n6\u{1e}1"))
            #expect(try peer.request("GET", target).contains("\"code\":1"))
            #expect(io.statistics.connections == 0)
            peer.finish()
            poster.finish()
        }
    }

    @Test(
        "malformed POSTs end the session",
        arguments: [
            "abc", "4", "42[]", "7", "2", "40{}\u{1e}40{}", "42[\"x\"]", "40[]", "40\u{1e}41{}", "40\u{1e}44{}", "40\u{1e}bAAAA",
            "40\u{1e}4511-[\"x\"]", "40\u{1e}451-[\"x\",{\"_placeholder\":true,\"num\":0}]\u{1e}42[\"x\"]",
        ])
    func malformedPOST(body: String) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try peer.request("POST", target, body: body)
            #expect(try peer.request("GET", target).contains("\"code\":1"))
            peer.finish()
        }
    }

    @Test("an empty POST and one of unreadable type end the session with 400")
    func unreadablePOST() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            for headers in [["Content-Length: 0"], ["Content-Type: application/octet-stream"]] {
                let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
                let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
                let body = headers[0].hasPrefix("Content-Type") ? "6" : ""
                #expect(try peer.request("POST", target, headers: headers, body: body).hasPrefix("HTTP/1.1 400 "))
                #expect(try peer.request("GET", target).contains("\"code\":1"))
            }
            peer.finish()
        }
    }

    @Test("a request has up to a hundred fields and 16 KiB of them with its target; one more of either gets 431", arguments: [0, 1])
    func headLimits(excess: Int) throws {
        try withEmbeddedServer { io, loop in
            let target = "/socket.io/?EIO=4&transport=polling"
            let status = excess == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 431 "
            // The peer adds "Host: localhost".
            let fields = (0..<(SocketIOChannel.maximumHeaderCount - 1 + excess)).map { "x-\($0): y" }
            let crowded = try EmbeddedPeer(io, loop: loop)
            #expect(try crowded.request("GET", target, headers: fields).hasPrefix(status))
            let rest = SocketIOChannel.maximumHeaderBytes - "\(target)Hostlocalhostab".utf8.count + excess
            let halves = [rest / 2, rest - rest / 2].map { String(repeating: "y", count: $0) }
            let long = try EmbeddedPeer(io, loop: loop)
            #expect(try long.request("GET", target, headers: ["a: \(halves[0])", "b: \(halves[1])"]).hasPrefix(status))
            crowded.finish()
            long.finish()
        }
    }

    @Test("a body at the limit is taken; one byte more gets 413, and the session survives")
    func bodyLimit() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumHTTPBufferBytes = 100
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try peer.request("POST", target, body: "40")
            let filler = String(repeating: "x", count: 100 - #"42["a",""]"#.utf8.count)
            #expect(try peer.request("POST", target, body: "42[\"a\",\"\(filler)\"]").hasSuffix("\r\n\r\nok"))
            #expect(try peer.request("POST", target, body: "42[\"a\",\"\(filler)x\"]").hasPrefix("HTTP/1.1 413 "))
            #expect(try peer.request("GET", target).contains("40{\"sid\""))
            #expect(io.statistics.connections == 1)
            peer.finish()
        }
    }

    @Test("a body that never ends is not read for ever")
    func drainLimit() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumHTTPBufferBytes = 100
        configuration.maximumDrainedBytes = 1_000
        try withEmbeddedServer(configuration) { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            try peer.send("POST /socket.io/?EIO=4&transport=polling&sid=\(id) HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n")
            for _ in 0..<10 { try peer.send(String(repeating: "x", count: 100)) }
            #expect(try peer.output() == "")
            try peer.send("x")
            let response = try peer.output()
            #expect(response.hasPrefix("HTTP/1.1 413 ") && response.contains("Connection: close"))
            peer.finish()
        }
    }

    @Test("requests sent in one piece are answered in order, also behind one that waits")
    func pipelining() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { $0.join("room") }
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try peer.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            func request(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n" }
            try peer.send(request(target) + request("/socket.io/?EIO=4") + request("/socket.io/?EIO=4&transport=polling"))
            #expect(try peer.output() == "", "the first waits, and the others behind it")
            io.to("room").emit("news")
            let parts = try peer.output().components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
            #expect(parts == ["200", "400", "200"])
            peer.finish()
        }
    }

    @Test("answers given at once do not upset the requests behind them, however many wait")
    func pipelinedAnswers() throws {
        try withEmbeddedServer { io, loop in
            io.onConnection { $0.join("room") }
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(id)"
            _ = try peer.request("POST", target, body: "40")
            _ = try peer.request("GET", target)
            let bad = "GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\n\r\n"
            try peer.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n" + String(repeating: bad, count: 1_000))
            #expect(try peer.output() == "")
            io.to("room").emit("news")
            // 32 a turn.
            loop.run()
            for _ in 0..<(1_000 / 32) { loop.advanceTime(by: .microseconds(50)) }
            #expect(try peer.output().components(separatedBy: "HTTP/1.1 400 ").count == 1_001)
            peer.finish()
        }
    }

    @Test("a session that polls is not answered under the name of the other transport")
    func transportMismatch() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let id = try sid(try peer.request("GET", "/socket.io/?EIO=4&transport=polling"))
            #expect(try peer.request("GET", "/socket.io/?EIO=4&transport=websocket&sid=\(id)").contains("\"code\":3"))
            #expect(io.statistics.connections == 1)
            peer.finish()
        }
    }

    @Test("a client that was offline sends everything in one body, however many packets")
    func manyPackets() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let target = try peer.openPolling()
            let events = (0..<5_000).map { "\u{1e}42[\"a\",\($0)]" }.joined()
            #expect(try peer.request("POST", target, body: "40" + events).hasSuffix("\r\n\r\nok"))
            #expect(io.statistics.eventsReceived == 5_000)
            peer.finish()
        }
    }

    @Test("packets before a bad one are taken; then the session ends")
    func badPacketBehind() throws {
        try withEmbeddedServer { io, loop in
            for bad in ["7", "", "b!"] {
                let names = Recorder<String>()
                io.onConnection { socket in socket.onAny { names.append($0.name) } }
                let peer = try EmbeddedPeer(io, loop: loop)
                let target = try peer.openPolling()
                let body = "40\u{1e}42[\"one\"]\u{1e}\(bad)\u{1e}42[\"two\"]"
                #expect(try peer.request("POST", target, body: body).hasPrefix("HTTP/1.1 400 "))
                #expect(names.all == ["one"])
                #expect(try peer.request("GET", target).contains("\"code\":1"))
                peer.finish()
            }
        }
    }

    @Test("a WebSocket of another version is told the one that is spoken here")
    func webSocketVersion() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let headers = EmbeddedPeer.upgradeHeaders.map { $0.replacingOccurrences(of: "Version: 13", with: "Version: 8") }
            let response = try peer.request("GET", "/socket.io/?EIO=4&transport=websocket", headers: headers)
            #expect(response.hasPrefix("HTTP/1.1 400 ") && response.contains("Sec-WebSocket-Version: 13\r\n"))
            peer.finish()
        }
    }

    @Test(
        "every path below Engine.IO's is its own, and a target may name scheme and host",
        arguments: [
            "/socket.io/any/thing?EIO=4&transport=polling", "/socket.io?EIO=4&transport=polling",
            "http://x/socket.io/?EIO=4&transport=polling", "HTTPS://x:1/socket.io/?EIO=4&transport=polling",
        ])
    func paths(target: String) throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            #expect(try peer.request("GET", target).contains("0{\"sid\":"))
            peer.finish()
        }
    }

    @Test(
        "other paths are not, however they are written",
        arguments: [
            "/socket.iox/?EIO=4", "/", "http://x", "http://x/socket.iox", "*", "/a/socket.io/", "//socket.io/", "/./socket.io/",
            "/%73ocket.io/", "/%2e/socket.io/", "\\socket.io/", "/socket.io%2f", "/SOCKET.IO/", "x?://y/socket.io/", "",
        ])
    func otherPaths(target: String) throws {
        #expect(!EnginePath("/socket.io/").owns(target))
    }

    @Test("a path is read by bytes, whatever marks follow it")
    func markedPaths() {
        let path = EnginePath("/socket.io/")
        #expect(path.owns("/socket.io/\u{301}x") && !path.owns("/socket.io\u{301}/"))
        #expect(path.below("/socket.io/\u{301}x")?.utf8.elementsEqual("\u{301}x".utf8) == true)
        #expect(path.below("/socket.io/") == nil && path.below("/socket.io") == nil && path.below("/socket.io/a/b") == "a/b")
        #expect(EnginePath("/").owns("/") && !EnginePath("/").owns("/\u{301}"))
    }

    @Test("sessions whose clients joined nothing are few on one connection")
    func unconfirmedSessions() throws {
        try withEmbeddedServer { io, loop in
            let peer = try EmbeddedPeer(io, loop: loop)
            let first = try peer.openPolling()
            for _ in 1..<32 { #expect(try peer.request("GET", "/socket.io/?EIO=4&transport=polling").contains("0{\"sid\":")) }
            #expect(try peer.request("GET", "/socket.io/?EIO=4&transport=polling").hasPrefix("HTTP/1.1 503 "))
            #expect(io.statistics.connections == 32)
            let other = try EmbeddedPeer(io, loop: loop)
            #expect(try other.request("POST", first, body: "40").hasSuffix("ok"))
            #expect(try peer.request("GET", "/socket.io/?EIO=4&transport=polling").contains("0{\"sid\":"))
            #expect(try peer.request("GET", "/socket.io/?EIO=4&transport=polling").hasPrefix("HTTP/1.1 503 "))
            peer.finish()
            other.finish()
        }
    }
}
