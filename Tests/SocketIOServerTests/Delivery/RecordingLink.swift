import EngineIOCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SocketIOCore
import SocketIOTesting
import WebSocketCore

@testable import SocketIOServer

/// Takes the frames of a session without a channel under it, and tells when as many messages have come as were waited for.
final class RecordingLink: FrameLink {
    private(set) var messages: [String] = []
    private(set) var holds: [Bool] = []
    var isWritable = true
    var bufferedBytes = 0
    private(set) var isClosed = false
    /// Called for each write.
    var onWrite: () -> Void = {}
    private var decoder = WebSocketDecoder(role: .client, limits: WebSocketLimits())
    private var received = ByteBuffer()
    private var scratch = ByteBuffer()
    private var awaited: (count: Int, promise: EventLoopPromise<[String]>)?

    func write(_ frames: ByteBuffer) {
        received.writeImmutableBuffer(frames)
        while let event = try? decoder.next(&received, scratch: &scratch) {
            if case .text(let text) = event { messages.append(String(buffer: text)) }
        }
        onWrite()
        check()
    }

    func holdReading(_ isHeld: Bool) { holds.append(isHeld) }
    func settle(_ body: @escaping @Sendable () -> Void) -> Bool { true }
    func askUnread(_ body: @escaping @Sendable (Bool) -> Void) -> Bool? { false }
    func checkIntake() {}
    func close(_ manner: LinkClosing) { isClosed = true }

    func awaitMessages(_ count: Int, _ promise: EventLoopPromise<[String]>) {
        awaited = (count, promise)
        check()
    }

    private func check() {
        guard let awaited, messages.count >= awaited.count else { return }
        self.awaited = nil
        awaited.promise.succeed(messages)
    }
}

/// A session without a channel. Used on its loop.
struct LinkedClient {
    let connection: EngineConnection
    let transport: WebSocketTransport
    let link: RecordingLink
    let socket: ServerSocket

    /// Opens a session on this loop, which joins the namespace.
    init?(_ io: SocketIO, on loop: any EventLoop) {
        let shard = io.shard(for: loop).shard.value
        let connection = EngineConnection(shard: shard, sid: shard.makeSessionID(), handshake: Handshake(), transport: .websocket)
        let link = RecordingLink()
        let transport = WebSocketTransport(connection: connection, link: link)
        connection.webSocket = transport
        connection.open()
        let known = Set(shard.main.sockets.keys)
        transport.receive(LinkedClient.frames(["40"]))
        transport.readComplete()
        guard let socket = shard.main.sockets.first(where: { !known.contains($0.key) })?.value else { return nil }
        (self.connection, self.transport, self.link, self.socket) = (connection, transport, link, socket)
    }

    static func frames(_ texts: [String]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for text in texts { WebSocketEncoder.write(opcode: .text, payload: ByteBuffer(string: text), mask: 0x1234_5678, into: &buffer) }
        return buffer
    }

    /// A read batch.
    func receive(_ texts: [String]) {
        transport.receive(LinkedClient.frames(texts))
        transport.readComplete()
    }
}

/// A server on a loop of its own with a session without a channel: for asynchronous handlers and middlewares, whose tasks come back to the
/// loop from other threads. An embedded loop is for one thread only.
func withLinkedClient(
    _ configuration: SocketIOConfiguration = .init(), register: (SocketIO) -> Void = { _ in },
    _ body: (SocketIO, any EventLoop, NIOLoopBound<LinkedClient>) async throws -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let io = SocketIO(configuration: configuration.patient, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    register(io)
    let client = try await loop.submit { () throws -> NIOLoopBound<LinkedClient> in
        guard let client = LinkedClient(io, on: loop) else { throw ChannelError.eof }
        return NIOLoopBound(client, eventLoop: loop)
    }.get()
    try await body(io, loop, client)
    try await group.shutdownGracefully()
}
