import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import SocketIOServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite("What a connection keeps")
struct ConnectionCostTests {
    @Test("a receive buffer grows while reads fill it, and shrinks again")
    func receiveBuffer() {
        var reads = ReceiveBuffer(ReceiveBuffers())
        func next(after count: Int) -> Int? {
            let mayGrow = reads.record(actualReadBytes: count)
            #expect(mayGrow, "the channel reads into its first buffer once only")
            return reads.buffer(allocator: ByteBufferAllocator()).capacity
        }
        #expect(reads.buffer(allocator: ByteBufferAllocator()).capacity == 256)
        for full in [256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768] { #expect(next(after: full) == 2 * full) }
        for count in [65_536, 40_000, 32_768] { #expect(next(after: count) == 65_536) }
        #expect(next(after: 1) == 32_768)
        for _ in 0..<20 { _ = next(after: 1) }
        #expect(next(after: 1) == 256 && reads.nextBufferSize() == nil)
    }

    @Test("a receive buffer that was given back is used again, unless somebody kept it or it is too small")
    func sharedBuffers() {
        let buffers = ReceiveBuffers(), allocator = ByteBufferAllocator()
        func take(_ bytes: Int) -> (buffer: ByteBuffer, address: UnsafeMutableRawPointer?) {
            var buffer = buffers.take(bytes, allocator)
            // Before anything copies the buffer: writing to a copy would move it elsewhere.
            let address = buffer.withUnsafeMutableWritableBytes { $0.baseAddress }
            return (buffer, address)
        }
        var first: UnsafeMutableRawPointer?
        do {
            let one = take(512)
            first = one.address
            buffers.give(one.buffer)
        }
        do {
            let again = take(256)
            #expect(again.address == first && again.buffer.readableBytes == 0)
            buffers.give(again.buffer)
            let kept = again.buffer
            let other = take(256)
            #expect(other.address != first)
            withExtendedLifetime(kept) {}
            buffers.give(other.buffer)
        }
        #expect(take(1_024).buffer.capacity == 1_024, "256 bytes are too few")
    }

    @Test("the receive buffer's size needs no memory beside the channel")
    func inline() { #expect(MemoryLayout<ReceiveBuffer>.size <= 3 * MemoryLayout<Int>.size) }

    /// The size of the block that the memory allocator gave an object. It may be a larger one than that size needs, if the rest would be of no
    /// use: the smallest of several objects counts. The header of this function is in no module map.
    private func bytes(of object: AnyObject) throws -> Int {
        typealias UsableSize = @convention(c) (UnsafeMutableRawPointer) -> Int
        let usableSize = unsafeBitCast(try #require(dlsym(nil, "malloc_usable_size")), to: UsableSize.self)
        return usableSize(Unmanaged.passUnretained(object).toOpaque())
    }

    @Test("the objects of an idle connection stay small, and what few need is not there")
    func objects() throws {
        try withEmbeddedServer { io, loop in
            let clients = try (0..<8).map { _ in try #require(LinkedClient(io, on: loop)) }
            func smallest(_ object: (LinkedClient) -> AnyObject) throws -> Int {
                try clients.map { try bytes(of: object($0)) }.min() ?? .max
            }
            #expect(try smallest(\.socket) <= 248)
            #expect(clients.allSatisfy { $0.socket.rare == nil && $0.socket.kept == nil })
            #expect(try smallest(\.socket.reference.address) <= 72)
            #expect(clients[0].socket.reference.address === clients[0].socket.reference.address)
            #expect(try smallest(\.connection) <= 168)
            #expect(try smallest(\.connection.sockets) <= 56)
            #expect(try smallest(\.transport) <= 120)
            let handlers = (0..<8).map { _ in WebSocketHandler(io: io, secure: false) }
            #expect(try handlers.map { try bytes(of: $0) }.min() ?? .max <= 88)
            #expect(handlers.allSatisfy { $0.rare == nil })
        }
    }

    @Test("a new socket makes room for as many handlers as the last two both had")
    func usualHandlers() {
        let members = NamespaceShard(index: 0)
        for (handlers, usual) in [(3, 0), (3, 3), (40, 3), (3, 3), (2, 2), (2, 2)] {
            members.began(handlers: handlers)
            #expect(members.usualHandlers == usual)
        }
    }

    @Test("deadlines of connections that have gone do not pile up")
    func deadlines() throws {
        try withEmbeddedServer { io, loop in
            let shard = io.shard(for: loop).shard.value
            for _ in 0..<100 {
                let peer = try EmbeddedPeer(io, loop: loop)
                _ = try peer.upgrade()
                peer.finish()
                loop.run()
            }
            #expect(shard.connections.count == 0 && shard.openings.count == 0)
            #expect(shard.openingDeadlines.count <= 2)
            for kind in DeadlineKind.allCases { #expect(shard.deadlines[kind.rawValue].count <= 2) }
        }
    }

    @Test("a handshake that is kept as bytes gives the fields that came, and counts as many bytes as it has")
    func handshake() throws {
        let text =
            "GET /socket.io/?EIO=4&transport=websocket&a=%20b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-One: 1\r\n\r\n"
        let handshake = Handshake(bytes: ByteBuffer(string: text), address: "192.0.2.1", secure: true)
        #expect(handshake.query == ["EIO": "4", "transport": "websocket", "a": " b"])
        #expect(handshake.headers.map(\.name) == ["Host", "Upgrade", "Connection", "X-One"] && handshake.header("x-one") == "1")
        #expect(handshake.address == "192.0.2.1" && handshake.secure && handshake.auth == nil)
        var configuration = SocketIOConfiguration()
        configuration.smallHandshakeBytes = text.utf8.count
        #expect(handshake.countedBytes(auth: 0, configuration) == 0)
        #expect(handshake.countedBytes(auth: 1, configuration) == text.utf8.count + 1)
    }

    @Test("a client's close frame is answered, and the connection ends without a wait for the client's end")
    func close() async throws {
        try await LiveServer.with(SocketIOConfiguration()) { server in
            let (client, peer, received) = try await server.connect()
            var bytes = ByteBuffer(string: "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n")
            bytes.writeString(EmbeddedPeer.upgradeHeaders.joined(separator: "\r\n") + "\r\n\r\n")
            WebSocketEncoder.write(opcode: .close, payload: ByteBuffer(bytes: [0x03, 0xE8]), mask: 7, into: &bytes)
            try await client.writeAndFlush(bytes)
            // The client reads nothing yet and keeps its side open: only the server can have ended the connection.
            try await peer.closeFuture.get()
            // It may have seen the end already, and read all before it.
            try? await client.setOption(.autoRead, value: true).get()
            var all = ByteBuffer()
            for await part in received { all.writeImmutableBuffer(part) }
            #expect(String(decoding: all.readableBytesView, as: UTF8.self).hasPrefix("HTTP/1.1 101 "))
            #expect(Array(all.readableBytesView.suffix(4)) == [0x88, 0x02, 0x03, 0xE8])
        }
    }
}
