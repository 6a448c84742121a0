import CoreTestSupport
import NIOCore
import Testing

@testable import WebSocketCore

@Suite("The compression of a connection")
struct ConnectionCompressionTests {
    private func ends(
        _ agreement: PerMessageDeflate, _ change: (inout PerMessageDeflateOptions) -> Void = { _ in }
    ) -> (server: ConnectionCompression, client: ConnectionCompression) {
        var options = PerMessageDeflateOptions()
        options.threshold = 0
        change(&options)
        let shared = SharedCompressors(level: options.level)
        return (
            ConnectionCompression(agreement, role: .server, options: options, shared: shared),
            ConnectionCompression(agreement, role: .client, options: options, shared: shared)
        )
    }

    @Test("both ends understand each other, whatever they agreed on", arguments: [9, 12, 15], [9, 12, 15])
    func bothWays(serverBits: Int, clientBits: Int) throws {
        var generator = SeededGenerator(seed: UInt64(serverBits * clientBits))
        for (isServerAlone, isClientAlone) in [(false, false), (true, false), (false, true), (true, true)] {
            let (server, client) = ends(
                PerMessageDeflate(
                    serverNoContextTakeover: isServerAlone, clientNoContextTakeover: isClientAlone, serverMaximumWindowBits: serverBits,
                    clientMaximumWindowBits: clientBits))
            for count in [1, 40, 900, 5_000, 70_000, 3] {
                let message = buffer((0..<count).map { _ in UInt8.random(in: 0...3, using: &generator) })
                for (sender, receiver) in [(server, client), (client, server)] {
                    let isShared = Bool.random(using: &generator)
                    if isShared { sender.sendsShared() }
                    guard let deflated = isShared ? sender.deflateAlone(message) : sender.deflate(message) else {
                        #expect(count <= 3, "only the shortest do not get shorter")
                        continue
                    }
                    #expect(deflated.readableBytes < message.readableBytes)
                    #expect(try receiver.inflate(deflated, of: .binary, maximumBytes: count) == message)
                }
            }
        }
    }

    @Test("what does not get shorter is sent as it is, and what follows it is understood")
    func incompressible() throws {
        var generator = SeededGenerator(seed: 1)
        let (server, client) = ends(PerMessageDeflate())
        let text = buffer([UInt8](repeating: 9, count: 300))
        let noise = buffer((0..<300).map { _ in UInt8.random(in: 0...255, using: &generator) })
        for message in [text, noise, text, noise, noise, text] {
            guard let deflated = server.deflate(message) else {
                #expect(message == noise)
                continue
            }
            #expect(try client.inflate(deflated, of: .binary, maximumBytes: 300) == message)
        }
        #expect(server.deflate(noise) == nil)
    }

    @Test("only messages from the threshold to the upper bound are compressed")
    func bounds() {
        let (server, _) = ends(PerMessageDeflate()) { ($0.threshold, $0.maximumBytes) = (100, 200) }
        for (count, isCompressed) in [(99, false), (100, true), (200, true), (201, false)] {
            #expect((server.deflate(ByteBuffer(repeating: 1, count: count)) != nil) == isCompressed)
            #expect((server.deflateAlone(ByteBuffer(repeating: 1, count: count)) != nil) == isCompressed)
        }
    }

    @Test("the memory of contexts is counted for the end that keeps them")
    func contextBytes() {
        #expect(PerMessageDeflate().contextBytes(of: .server) == 131_072 + 131_072 + 6_144 + 32_768 + 8_192)
        #expect(PerMessageDeflate(serverNoContextTakeover: true).contextBytes(of: .server) == 32_768 + 8_192)
        #expect(PerMessageDeflate(serverNoContextTakeover: true).contextBytes(of: .client) == 131_072 + 131_072 + 6_144)
        #expect(PerMessageDeflate(clientNoContextTakeover: true, serverMaximumWindowBits: 9).contextBytes(of: .server) == 2_048 + 137_216)
        #expect(PerMessageDeflate().withoutContexts.contextBytes(of: .server) == 0)
    }
}
