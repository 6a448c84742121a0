import Dispatch
import EngineIOCore
import NIOCore
import NIOPosix
import Testing

@testable import SocketIOServer

/// Once it has sent `5` over its WebSocket, a client has left polling. A request of its other connection may be read first.
@Suite("A request that overtakes the WebSocket", .timeLimit(.minutes(5)))
struct OvertakingRequestTests {
    @Test("a GET that comes behind 5 is refused, though the loop has not read the 5", arguments: [false, true])
    func getBehindUpgrade(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            let upgrade = try await ProbedUpgrade(pair, isForwarded: isForwarded)
            #expect(try await upgrade.overtake(with: .poll) == .refused(.badRequest))
            upgrade.client.send(["40"])
            #expect(try await upgrade.client.next().hasPrefix("40{"))
        }
    }

    @Test("so is a POST", arguments: [false, true])
    func postBehindUpgrade(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            let upgrade = try await ProbedUpgrade(pair, isForwarded: isForwarded)
            #expect(try await upgrade.overtake(with: .post(ByteBuffer(string: "40"))) == .refused(.badRequest))
        }
    }

    @Test("a client that gives up its GET meanwhile has gone", arguments: [false, true])
    func abortedMeanwhile(isForwarded: Bool) async throws {
        try await LoopPair.with { pair in
            let upgrade = try await ProbedUpgrade(pair, isForwarded: isForwarded)
            let answer = try await upgrade.overtake(with: .poll) { connection, asker in connection?.pollAborted(by: asker) }
            #expect(answer == .refused(.sessionUnknown))
            #expect(pair.io.statistics.connections == 0)
        }
    }

    @Test("a GET ahead of 5 gets a noop at once")
    func getAheadOfUpgrade() async throws {
        try await LoopPair.with { pair in
            let upgrade = try await ProbedUpgrade(pair, isForwarded: true)
            let other = try await pair.connect()
            let answer = try await other.client.ask(
                "GET /socket.io/?EIO=4&transport=polling&sid=\(upgrade.sid) HTTP/1.1\r\nHost: x\r\n\r\n", until: "\r\n\r\n6")
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
        }
    }
}

extension ProbedUpgrade {
    /// Sends `5` and then asks, while the loop of the WebSocket stands still and cannot read. Returns the answer.
    fileprivate func overtake(
        with question: EngineQuestion, then body: @escaping @Sendable (EngineConnection?, ObjectIdentifier) -> Void = { _, _ in }
    ) async throws -> EngineResponse {
        let (io, sid, sessionLoop) = (io, sid, sessionLoop)
        let any = MultiThreadedEventLoopGroup.singleton.any()
        let answer = any.makePromise(of: EngineResponse.self)
        let standsStill = any.makePromise(of: Void.self)
        let hasSent = DispatchSemaphore(value: 0)
        let ask: @Sendable () -> Void = {
            let shard = io.shard(for: sessionLoop).shard.value
            let asker = ObjectIdentifier(hasSent)
            let responder = EngineResponder(asker: asker) { answer.succeed($0) }
            if let now = shard.answer(question, sid: sid, transport: .polling, responder) { answer.succeed(now) }
            body(shard.sessions[sid], asker)
        }
        socketLoop.execute { [isForwarded = socketLoop !== sessionLoop] in
            standsStill.succeed()
            hasSent.wait()
            if !isForwarded { ask() }
        }
        try await standsStill.futureResult.get()
        try await client.deliver(["5"])
        if socketLoop !== sessionLoop { try await sessionLoop.submit(ask).get() }
        hasSent.signal()
        return try await answer.futureResult.get()
    }
}
