import EngineIOCore
import NIOCore
import NIOPosix
import SocketIOServer
import SocketIOTesting
import Testing

@testable import SocketIOClient

@Suite("A client whose WebSocket messages are compressed", .timeLimit(.minutes(10)))
struct ClientDeflateTests {
    private static let long = String(repeating: "lesson ", count: 2_000)

    private func compresses(_ change: (inout PerMessageDeflateOptions) -> Void = { _ in }) -> (inout SocketIOConfiguration) -> Void {
        var options = PerMessageDeflateOptions()
        change(&options)
        return { [options] in $0.perMessageDeflate = options }
    }

    @Test(
        "long events travel compressed, short ones as they are, in both directions and in order",
        arguments: [EngineClientSession.Transports.webSocket, .pollingThenUpgrade], [true, false])
    func bothWays(transports: EngineClientSession.Transports, isAlone: Bool) async throws {
        let io = makeServer(compresses { $0.serverNoContextTakeover = isAlone })
        try await withTestServer(io) { server in
            let configuration = try server.client(transports) {
                $0.connection.perMessageDeflate = PerMessageDeflateOptions()
                $0.connection.perMessageDeflate?.clientNoContextTakeover = isAlone
            }
            try await withSocketIOClient(configuration) { client in
                let events = client.events("echo")
                for round in 0..<5 {
                    let answer = try await client.emitWithAck("echo", Self.long, round)
                    #expect(answer.all.map(\.string).first == Self.long && answer.all.last?.int == round)
                    #expect(try await client.emitWithAck("echo", "short").first.string == "short")
                    try await client.emit("echo", Self.long, round)
                }
                var rounds: [Int?] = []
                for try await event in events {
                    rounds.append(event.arguments.all.last?.int)
                    if rounds.count == 5 { break }
                }
                #expect(rounds == [0, 1, 2, 3, 4])
            }
        }
    }

    /// What became of one `echo`: the reason of the end, and the bytes that travelled.
    private final class Asker: SocketIOConnectionDelegate {
        private let text: String
        private let promise: EventLoopPromise<(error: String, sent: Int, received: Int)>

        init(_ text: String, _ promise: EventLoopPromise<(error: String, sent: Int, received: Int)>) {
            self.text = text
            self.promise = promise
        }

        func connectionOpened(_ connection: SocketIOConnection) { connection.join() }

        func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {
            switch reception {
            case .joined: _ = connection.emitWithAck("echo") { [text] in $0.string(text) }
            case .acknowledgement: connection.close()
            default: break
            }
        }

        func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {}
        func connectionUpgraded(_ connection: SocketIOConnection) {}

        func connectionEnded(
            _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
            lost: [(namespace: String, lost: [UInt64])]
        ) {
            promise.succeed((error.map { "\($0)" } ?? "", connection.loop.bytesSent, connection.loop.bytesReceived))
        }
    }

    private func ask(
        _ text: String, _ server: TestServer, _ change: (inout ConnectionConfiguration) -> Void
    ) async throws -> (error: String, sent: Int, received: Int) {
        var configuration = try server.client().connection
        configuration.perMessageDeflate = PerMessageDeflateOptions()
        change(&configuration)
        let plan = ConnectionPlan(configuration)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await loop.flatSubmit {
            let promise = loop.makePromise(of: (error: String, sent: Int, received: Int).self)
            SocketIOConnection(plan, on: ClientLoop(loop), delegate: Asker(text, promise)).open()
            return promise.futureResult
        }.get()
    }

    @Test("a long text takes few bytes in both directions if both ends want it, and all of its bytes otherwise")
    func bytes() async throws {
        try await withTestServer(makeServer(compresses())) { server in
            let both = try await ask(Self.long, server) { _ in }
            #expect(both.error == "" && both.sent < 2_000 && both.received < 2_000)
            let none = try await ask(Self.long, server) { $0.perMessageDeflate = nil }
            #expect(none.error == "" && none.sent > Self.long.utf8.count && none.received > Self.long.utf8.count)
        }
        try await withTestServer(makeServer()) { server in
            let unwanted = try await ask(Self.long, server) { _ in }
            #expect(unwanted.error == "" && unwanted.sent > Self.long.utf8.count)
        }
    }

    @Test("a message of the server that inflates to the limit is taken, one byte more ends the connection", arguments: [0, 1])
    func limit(excess: Int) async throws {
        try await withTestServer(makeServer(compresses())) { server in
            // `430["` and `"]` around it.
            let text = String(repeating: "a", count: 50_000 - 7 + excess)
            let outcome = try await ask(text, server) { $0.limits.maximumMessageBytes = 50_000 }
            #expect(outcome.received < 2_000)
            #expect(outcome.error.contains("messageTooBig") == (excess == 1))
        }
    }
}
