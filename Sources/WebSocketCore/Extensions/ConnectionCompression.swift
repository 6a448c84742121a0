public import NIOCore

/// How an endpoint uses `permessage-deflate` (RFC 7692). The defaults are those of the Node library `ws`, on which the reference stands.
public struct PerMessageDeflateOptions: Sendable, Hashable {
    /// Shorter messages are sent as they are, in bytes.
    public var threshold = 1_024
    /// Longer messages are sent as they are, in bytes. Compressing holds the event loop for some 20 ns a byte at level 6.
    public var maximumBytes = 1 << 18
    /// zlib's level: 1, the fastest, to 9.
    public var level = 6
    /// The server compresses each message on its own. Otherwise a server keeps a context for each connection: 262 KiB with the largest window.
    public var serverNoContextTakeover = false
    /// The client compresses each message on its own. Otherwise a server keeps the context to decompress: 40 KiB with the largest window.
    public var clientNoContextTakeover = false
    /// Base-2 logarithm of the window that the server compresses with: 8 to 15. With 8 it compresses nothing, since zlib has no such window.
    public var serverMaximumWindowBits = 15
    /// Base-2 logarithm of the window that the client compresses with: 8 to 15.
    public var clientMaximumWindowBits = 15

    public init() {}

    /// What this end asks for, or would like to agree on.
    package var wish: PerMessageDeflate {
        PerMessageDeflate(
            serverNoContextTakeover: serverNoContextTakeover, clientNoContextTakeover: clientNoContextTakeover,
            serverMaximumWindowBits: serverMaximumWindowBits, clientMaximumWindowBits: clientMaximumWindowBits)
    }
}

extension PerMessageDeflate {
    /// The agreement when this end has no memory for contexts: each message is compressed on its own. A server may ask for it unasked
    /// (RFC 7692 §7.1.1.2).
    package var withoutContexts: PerMessageDeflate {
        var one = self
        one.serverNoContextTakeover = true
        one.clientNoContextTakeover = true
        return one
    }

    /// The memory that one connection takes at one end for contexts that outlive a message, in bytes, as zlib's documentation has it.
    package func contextBytes(of role: WebSocketRole) -> Int {
        let own = role == .server ? serverMaximumWindowBits : clientMaximumWindowBits
        let peers = role == .server ? clientMaximumWindowBits : serverMaximumWindowBits
        let deflates = role == .server ? !serverNoContextTakeover : !clientNoContextTakeover
        let inflates = role == .server ? !clientNoContextTakeover : !serverNoContextTakeover
        return (deflates ? 1 << (own + 2) + 1 << 17 + 6_144 : 0) + (inflates ? 1 << peers + 8_192 : 0)
    }
}

/// The compressors that all connections of one event loop share: a message that is compressed on its own leaves nothing behind. Its memory is taken
/// with the first message of a kind: 268 KiB at most for each of seven windows, and 40 KiB.
public final class SharedCompressors {
    private let level: Int
    private var deflaters: [Int: MessageDeflater] = [:]
    private let inflater = MessageInflater(keepsContext: false)

    /// - Parameter level: zlib's, 1 to 9.
    public init(level: Int) { self.level = level }

    /// Compresses a message on its own. nil: it does not get shorter, send it as it is.
    func deflate(_ message: ByteBuffer, windowBits: Int) -> ByteBuffer? {
        let deflater = deflaters[windowBits] ?? MessageDeflater(windowBits: windowBits, keepsContext: false, level: level)
        deflaters[windowBits] = deflater
        return deflater.deflate(message).flatMap { $0.readableBytes < message.readableBytes ? $0 : nil }
    }

    func inflate(
        _ message: ByteBuffer, of opcode: WebSocketOpcode, maximumBytes: Int
    ) throws(WebSocketProtocolError) -> ByteBuffer {
        try inflater.inflate(message, of: opcode, maximumBytes: maximumBytes)
    }
}

/// One connection's agreement on `permessage-deflate` at work, at either end. It lives where the connection does.
public final class ConnectionCompression {
    public let options: PerMessageDeflateOptions
    private let shared: SharedCompressors
    /// The window that this end compresses with.
    package let windowBits: Int
    private let inflaterBits: Int
    private let keepsDeflater: Bool
    private let keepsInflater: Bool
    private var deflater: MessageDeflater?
    private var inflater: MessageInflater?

    /// - Parameters:
    ///   - agreement: what the handshake has agreed on.
    ///   - shared: those of the connection's event loop, of the same level.
    public init(_ agreement: PerMessageDeflate, role: WebSocketRole, options: PerMessageDeflateOptions, shared: SharedCompressors) {
        self.options = options
        self.shared = shared
        let isServer = role == .server
        windowBits = isServer ? agreement.serverMaximumWindowBits : agreement.clientMaximumWindowBits
        inflaterBits = isServer ? agreement.clientMaximumWindowBits : agreement.serverMaximumWindowBits
        keepsDeflater = isServer ? !agreement.serverNoContextTakeover : !agreement.clientNoContextTakeover
        keepsInflater = isServer ? !agreement.clientNoContextTakeover : !agreement.serverNoContextTakeover
    }

    /// Whether a message of that many bytes is to be compressed.
    @inlinable
    public func fits(_ count: Int) -> Bool { count >= options.threshold && count <= options.maximumBytes }

    /// Compresses a message that is sent next; write it with ``WebSocketReservedBits/rsv1``.
    ///
    /// - Returns: nil: send it as it is.
    public func deflate(_ message: ByteBuffer) -> ByteBuffer? {
        guard fits(message.readableBytes) else { return nil }
        guard keepsDeflater else { return shared.deflate(message, windowBits: windowBits) }
        let deflater = self.deflater ?? MessageDeflater(windowBits: windowBits, level: options.level)
        self.deflater = deflater
        guard let deflated = deflater.deflate(message), deflated.readableBytes < message.readableBytes else {
            deflater.forgetContext()
            return nil
        }
        return deflated
    }

    /// Compresses a message on its own, for this and for other connections; see ``sendsShared()``. nil: send it as it is.
    package func deflateAlone(_ message: ByteBuffer) -> ByteBuffer? {
        fits(message.readableBytes) ? shared.deflate(message, windowBits: windowBits) : nil
    }

    /// A message is sent next that was compressed on its own, for several connections.
    package func sendsShared() { deflater?.forgetContext() }

    /// Decompresses the next message of the peer.
    ///
    /// - Parameter maximumBytes: of the result; a small message may describe a thousandfold larger one.
    /// - Throws: the violation; the connection has to be closed.
    public func inflate(
        _ message: ByteBuffer, of opcode: WebSocketOpcode, maximumBytes: Int
    ) throws(WebSocketProtocolError) -> ByteBuffer {
        guard keepsInflater else { return try shared.inflate(message, of: opcode, maximumBytes: maximumBytes) }
        let inflater = self.inflater ?? MessageInflater(windowBits: inflaterBits)
        self.inflater = inflater
        return try inflater.inflate(message, of: opcode, maximumBytes: maximumBytes)
    }
}
