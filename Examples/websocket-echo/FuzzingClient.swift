import ArgumentParser
import NIOCore
import NIOPosix
import SocketIOClient

/// Plays Autobahn's cases: one connection each, which sends every message back.
struct FuzzingClient {
    private static let agent = "dunlin"

    let url: String
    let compresses: Bool

    func run() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var configuration = try ConnectionConfiguration(url)
        configuration.limits.maximumMessageBytes = 1 << 25
        configuration.limits.maximumFragments = 1 << 20
        configuration.limits.maximumQueuedBytes = 1 << 26
        if compresses {
            configuration.perMessageDeflate = PerMessageDeflateOptions()
            configuration.perMessageDeflate?.threshold = 0
        }
        let plan = ConnectionPlan(configuration)
        let client = try await loop.submit { NIOLoopBound(ClientLoop(loop), eventLoop: loop) }.get()
        let count = try await play("/getCaseCount", plan, on: client, echoes: false)
        guard let cases = Int(count) else { throw ValidationError("The fuzzing server named no number of cases.") }
        for number in 1...cases { _ = try await play("/runCase?case=\(number)&agent=\(Self.agent)", plan, on: client, echoes: true) }
        _ = try await play("/updateReports?agent=\(Self.agent)", plan, on: client, echoes: false)
        print("\(cases) cases")
    }

    /// Returns the last message that was not sent back.
    private func play(
        _ target: String, _ plan: ConnectionPlan, on client: NIOLoopBound<ClientLoop>, echoes: Bool
    ) async throws -> String {
        let loop = client.eventLoop
        return try await loop.flatSubmit {
            let promise = loop.makePromise(of: String.self)
            let echo = Echo(sendsBack: echoes, promise)
            WebSocketConnection(plan, target: target, on: client.value, delegate: echo).open()
            return promise.futureResult
        }.get()
    }

    private final class Echo: WebSocketConnectionDelegate {
        private let sendsBack: Bool
        private let promise: EventLoopPromise<String>
        private var last = ""

        init(sendsBack: Bool, _ promise: EventLoopPromise<String>) {
            self.sendsBack = sendsBack
            self.promise = promise
        }

        func connection(_ connection: WebSocketConnection, reached milestone: ConnectionMilestone) {}
        func connectionOpened(_ connection: WebSocketConnection) {}

        func connection(_ connection: WebSocketConnection, received message: ByteBuffer) {
            if sendsBack { connection.send(message) } else { last = String(buffer: message) }
        }

        func connection(_ connection: WebSocketConnection, receivedBinary message: ByteBuffer) {
            if sendsBack { connection.send(message, isBinary: true) }
        }

        /// The server ends each case as it likes: an error belongs to the case, and the server judges it.
        func connectionEnded(_ connection: WebSocketConnection, error: SocketIOClientError?) { promise.succeed(last) }
    }
}
