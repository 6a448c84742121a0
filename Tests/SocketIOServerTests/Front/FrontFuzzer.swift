import CoreTestSupport
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SocketIOCore
import WebSocketCore

@testable import SocketIOServer

/// Plays a random sequence against a server on embedded channels: several connections on two loops, several sessions, time by hand. Each
/// request names an origin of its own, which its answer must echo: so the order of the answers can be told.
struct FrontFuzzer {
    /// One thing that clients, the server or the clock do. Numbers choose among what there is at that moment.
    enum Step: CustomStringConvertible {
        case connect(loop: Int)
        case send(connection: Int, requests: [Request], cuts: [Double], runsBetween: Bool)
        case frame(connection: Int, text: String)
        case binaryFrame(connection: Int, bytes: Int)
        case advance(milliseconds: Int)
        case emit
        case disconnectSockets(close: Bool)
        case halfClose(connection: Int)
        case close(connection: Int)
        case writable(connection: Int, Bool)
        case answerRoutes
        case quiesce(connection: Int)
        /// The next flush fails, and the channel reads these before it closes: so does a socket whose peer has gone.
        case breakOff(connection: Int, requests: [Request])

        var description: String {
            switch self {
            case .connect(let loop): "connect on loop \(loop)"
            case .send(let connection, let requests, let cuts, let runsBetween):
                "connection \(connection): \(requests.map(\.description).joined(separator: " + ")), cut at \(cuts)\(runsBetween ? ", loop runs" : "")"
            case .frame(let connection, let text): "connection \(connection): frame \(text.debugDescription)"
            case .binaryFrame(let connection, let bytes): "connection \(connection): binary frame of \(bytes)"
            case .advance(let milliseconds): "\(milliseconds) ms pass"
            case .emit: "the server emits"
            case .disconnectSockets(let close): "the server disconnects its sockets\(close ? " and connections" : "")"
            case .halfClose(let connection): "connection \(connection): half-close"
            case .close(let connection): "connection \(connection): close"
            case .writable(let connection, let isWritable): "connection \(connection): \(isWritable ? "writable" : "not writable")"
            case .answerRoutes: "routes answer"
            case .quiesce(let connection): "connection \(connection): quiesce"
            case .breakOff(let connection, let requests):
                "connection \(connection): breaks off, behind \(requests.map(\.description).joined(separator: " + "))"
            }
        }
    }

    enum Request: CustomStringConvertible {
        case handshake
        case poll(session: Int)
        case post(session: Int, body: String, chunked: Bool)
        case options
        case head
        case upgrade(session: Int?)
        case route(method: String, body: String, later: Bool)
        case odd(String)

        var description: String {
            switch self {
            case .handshake: "handshake"
            case .poll(let session): "GET of session \(session)"
            case .post(let session, let body, let chunked):
                "POST \(body.count > 40 ? "of \(body.utf8.count) bytes" : body.debugDescription)\(chunked ? " in chunks" : "") of session \(session)"
            case .options: "OPTIONS"
            case .head: "HEAD"
            case .upgrade(let session): session.map { "upgrade of session \($0)" } ?? "WebSocket"
            case .route(let method, let body, let later): "\(method) of a route, \(body.utf8.count) bytes\(later ? ", answered later" : "")"
            case .odd(let text): text.debugDescription
            }
        }
    }

    // MARK: Sequences

    static func steps(seed: UInt64) -> [Step] {
        var random = SeededGenerator(seed: seed)
        var steps: [Step] = [
            .connect(loop: 0), .send(connection: 0, requests: [.handshake], cuts: [], runsBetween: false),
            .connect(loop: Int.random(in: 0...1, using: &random)),
        ]
        for _ in 0..<Int.random(in: 5...40, using: &random) { steps.append(step(&random)) }
        return steps
    }

    private static func step(_ random: inout SeededGenerator) -> Step {
        let connection = Int.random(in: 0..<6, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case ..<8: return .connect(loop: Int.random(in: 0...1, using: &random))
        case ..<62:
            let requests = (0..<Int.random(in: 1...4, using: &random)).map { _ in request(&random) }
            let cuts = (0..<Int.random(in: 0...3, using: &random)).map { _ in Double.random(in: 0...1, using: &random) }.sorted()
            return .send(connection: connection, requests: requests, cuts: cuts, runsBetween: Bool.random(using: &random))
        case ..<72:
            let texts = [
                "2probe", "5", "40", "42[\"echo\",1]", "421[\"echo\",1]", "3", "2", "1", "", "6", "42[\"bye\"]", "x", "450-[\"echo\"]",
            ]
            return .frame(connection: connection, text: texts.randomElement(using: &random) ?? "")
        case ..<73: return .binaryFrame(connection: connection, bytes: Int.random(in: 0...20, using: &random))
        case ..<81:
            return .advance(
                milliseconds: [1, 100, 1_000, 9_000, 10_000, 20_000, 25_000, 30_000, 45_000].randomElement(using: &random) ?? 1)
        case ..<85: return .emit
        case ..<87: return .disconnectSockets(close: Bool.random(using: &random))
        case ..<89: return .halfClose(connection: connection)
        case ..<92: return .close(connection: connection)
        case ..<95: return .writable(connection: connection, Bool.random(using: &random))
        case ..<97: return .answerRoutes
        case ..<99:
            return .breakOff(connection: connection, requests: (0..<Int.random(in: 0...3, using: &random)).map { _ in request(&random) })
        default: return .quiesce(connection: connection)
        }
    }

    private static func request(_ random: inout SeededGenerator) -> Request {
        // One session more often than the others: what goes wrong, goes wrong between requests of one.
        let session = min(Int.random(in: 0..<4, using: &random), Int.random(in: 0..<4, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case ..<12: return .handshake
        case ..<42: return .poll(session: session)
        case ..<68:
            let bodies = [
                "40", "40", "40", "3", "6", "1", "2", "7", "", "42", "42[\"echo\",1]", "421[\"echo\",{\"a\":[1]}]", "42[\"bye\"]",
                "40\u{1e}42[\"echo\",1]\u{1e}3", "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAAH/", "b!!", "40/other,",
                String(repeating: "6\u{1e}", count: 600) + "6", String(repeating: "6", count: 2_100),
            ]
            return .post(
                session: session, body: bodies.randomElement(using: &random) ?? "", chunked: Int.random(in: 0..<6, using: &random) == 0)
        case ..<72: return .options
        case ..<73: return .head
        case ..<79: return .upgrade(session: session)
        case ..<81: return .upgrade(session: nil)
        case ..<93:
            return .route(
                method: ["GET", "POST", "PUT"].randomElement(using: &random) ?? "GET",
                body: Bool.random(using: &random) ? "" : String(repeating: "r", count: Int.random(in: 1...3_000, using: &random)),
                later: Bool.random(using: &random))
        default:
            let odd = [
                "\r\n", "nonsense\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /socket.io/ HTTP/1.1\r\n\r\n",
                "GET / HTTP/9.9\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\0",
                "GET http://x/ HTTP/1.0\r\n\r\n",
                "GET /\(String(repeating: "a", count: 17_000)) HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
            ]
            return .odd(odd.randomElement(using: &random) ?? "")
        }
    }

    // MARK: Running

    let seed: UInt64
    private let loops = [EmbeddedEventLoop(), EmbeddedEventLoop()]
    private let io: SocketIO

    init(seed: UInt64) {
        self.seed = seed
        var configuration = SocketIOConfiguration()
        configuration.maximumHTTPBufferBytes = 2_000
        configuration.maximumDrainedBytes = 4_000
        configuration.cors = CORSPolicy(allowsCredentials: true)
        io = SocketIO(configuration: configuration, logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() }))
        io.onConnection { socket in
            socket.join("everybody")
            socket.on("echo") { $0.acknowledge?($0.arguments) }
            socket.on("bye") { $0.socket.disconnect(close: true) }
        }
    }

    /// Returns what went wrong.
    func run(_ steps: [Step]) throws -> [String] {
        var peers: [FuzzPeer] = []
        var sessions: [String] = []
        func settle() throws {
            for _ in 0..<4 {
                for loop in loops { loop.run() }
                for peer in peers { sessions += try peer.collect() }
            }
        }
        for step in steps {
            switch step {
            case .connect(let loop): if peers.count < 6 { peers.append(try FuzzPeer(io, loops[loop])) }
            case .send(let connection, let requests, let cuts, let runsBetween):
                let peer = peers[connection % peers.count]
                try peer.send(requests, cuts: cuts, sessions: sessions) { if runsBetween { try settle() } }
            case .frame(let connection, let text): try peers[connection % peers.count].frame(.text, ByteBuffer(string: text))
            case .binaryFrame(let connection, let bytes):
                try peers[connection % peers.count].frame(.binary, ByteBuffer(repeating: 7, count: bytes))
            case .advance(let milliseconds): for loop in loops { loop.advanceTime(by: .milliseconds(Int64(milliseconds))) }
            case .emit: io.to("everybody").emit("news", "x")
            case .disconnectSockets(let close):
                for loop in loops {
                    for socket in Array(io.shard(for: loop).shard.value.main.sockets.values) { socket.disconnect(close: close) }
                }
            case .halfClose(let connection): peers[connection % peers.count].halfClose()
            case .close(let connection): peers[connection % peers.count].close()
            case .writable(let connection, let isWritable): peers[connection % peers.count].setWritable(isWritable)
            case .answerRoutes: for peer in peers { peer.answerRoutes() }
            case .quiesce(let connection): peers[connection % peers.count].quiesce()
            case .breakOff(let connection, let requests): peers[connection % peers.count].breakOff(requests, sessions: sessions)
            }
            try settle()
        }
        return try end(peers) { try settle() }
    }

    private func end(_ peers: [FuzzPeer], settle: () throws -> Void) throws -> [String] {
        for peer in peers {
            peer.setWritable(true)
            peer.answerRoutes()
        }
        try settle()
        for peer in peers { peer.close() }
        try settle()
        // Longer than every deadline of a session together.
        for _ in 0..<10 {
            for loop in loops { loop.advanceTime(by: .seconds(20)) }
            try settle()
        }
        var problems = peers.enumerated().flatMap { index, peer in peer.problems.map { "connection \(index): \($0)" } }
        if io.statistics.connections != 0 { problems.append("\(io.statistics.connections) sessions are left") }
        if io.statistics.sockets != 0 { problems.append("\(io.statistics.sockets) sockets are left") }
        let places = io.placesInUse
        if places.channels != 0 || places.sessions != 0 { problems.append("places are left: \(places)") }
        for loop in loops {
            let shard = io.shard(for: loop).shard.value
            if !shard.sessions.isEmpty || shard.connections.count != 0 || !shard.main.isEmpty { problems.append("a loop holds something") }
        }
        for loop in loops { try loop.close() }
        return problems
    }
}
