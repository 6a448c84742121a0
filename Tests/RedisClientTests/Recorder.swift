import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RedisCore

/// Collects what arrives from anywhere, and lets a test wait for it.
final class Recorder<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiters: [(isReady: @Sendable ([Element]) -> Bool, continuation: CheckedContinuation<[Element], Never>)] = []
    }

    private let state = NIOLockedValueBox(State())

    func record(_ element: Element) {
        let ready = self.state.withLockedValue { state in
            state.elements.append(element)
            let elements = state.elements
            let ready = state.waiters.filter { $0.isReady(elements) }
            state.waiters.removeAll { $0.isReady(elements) }
            return ready.map { ($0.continuation, elements) }
        }
        for (continuation, elements) in ready { continuation.resume(returning: elements) }
    }

    var elements: [Element] { state.withLockedValue(\.elements) }

    /// What was recorded, as soon as it satisfies a condition.
    @discardableResult
    func wait(until isReady: @escaping @Sendable ([Element]) -> Bool) async -> [Element] {
        await withCheckedContinuation { continuation in
            let elements: [Element]? = self.state.withLockedValue { state in
                if isReady(state.elements) { return state.elements }
                state.waiters.append((isReady, continuation))
                return nil
            }
            if let elements { continuation.resume(returning: elements) }
        }
    }

    @discardableResult
    func wait(for count: Int) async -> [Element] { await wait { $0.count >= count } }
}

/// A server that greets like Redis and then does what a test says: it records each read of the socket, and answers or keeps silent.
final class ScriptedServer: Sendable {
    /// What it answers to a command; nil: nothing.
    typealias Answer = @Sendable ([String]) -> String?

    /// The commands of each read.
    let reads = Recorder<[[String]]>()
    let closes = Recorder<Void>()
    private let listener: any Channel
    private let children = NIOLockedValueBox<[any Channel]>([])

    var port: Int { listener.localAddress?.port ?? 0 }

    private init(_ listener: any Channel) { self.listener = listener }

    static func start(answer: @escaping Answer) async throws -> ScriptedServer {
        let holder = NIOLockedValueBox<ScriptedServer?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let server = holder.withLockedValue({ $0 }) {
                        server.children.withLockedValue { $0.append(channel) }
                        try channel.pipeline.syncOperations.addHandler(Handler(server: server, answer: answer))
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(listener)
        holder.withLockedValue { $0 = server }
        return server
    }

    func stop() async {
        try? await listener.close()
        for child in children.withLockedValue({ $0 }) { try? await child.close() }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let server: ScriptedServer
        private let answer: Answer
        private var decoder = RESPDecoder()

        init(server: ScriptedServer, answer: @escaping Answer) {
            self.server = server
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            decoder.append(unwrapInboundIn(data))
            var commands: [[String]] = []
            var output = ByteBuffer()
            while let value = try? decoder.next() {
                let words = value.elements?.compactMap(\.text) ?? []
                if words.first == "HELLO" {
                    output.writeString("%0\r\n")
                } else if words.first == "PING" {
                    output.writeString(answer(words) ?? "+PONG\r\n")
                } else {
                    commands.append(words)
                    if let reply = answer(words) { output.writeString(reply) }
                }
            }
            if output.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
            if !commands.isEmpty { server.reads.record(commands) }
        }

        func channelInactive(context: ChannelHandlerContext) { server.closes.record(()) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
