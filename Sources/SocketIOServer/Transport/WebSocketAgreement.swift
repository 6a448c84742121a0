import EngineIOCore
import NIOCore
import NIOHTTP1
import WebSocketCore

/// The contents of a request for a WebSocket (RFC 6455 §4.2.1).
struct WebSocketRequest: Equatable {
    var key: String
    /// The client's first sub-protocol, which the reference answers with.
    var subprotocol: String?
    /// Extensions, if the server has any.
    var offers: [WebSocketExtension] = []
}

/// The agreement of server and client about a WebSocket: the answer to its request.
struct WebSocketAgreement: Sendable {
    private let key: String
    private let subprotocol: String?
    private let deflate: (agreement: PerMessageDeflate, response: String)?
    /// A place in the server's budget for the contexts of compression.
    private let contexts: HeldMemory?

    init(_ request: WebSocketRequest, for address: String, io: SocketIO) {
        key = request.key
        subprotocol = request.subprotocol
        guard let options = io.configuration.perMessageDeflate, var (agreement, response) = options.wish.choose(from: request.offers) else {
            deflate = nil
            contexts = nil
            return
        }
        let bytes = agreement.contextBytes(of: .server)
        let held = bytes > 0 ? HeldMemory(io.deflateContexts, address: address) : nil
        if let held, !held.resize(to: bytes) {
            agreement = agreement.withoutContexts
            response = agreement.header
        }
        deflate = (agreement, "\(response)")
        contexts = held
    }

    /// Additional fields of the response.
    private var fields: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let subprotocol { fields.append(("Sec-WebSocket-Protocol", subprotocol)) }
        if let deflate { fields.append(("Sec-WebSocket-Extensions", deflate.response)) }
        return fields
    }

    /// The whole answer (RFC 6455 §4.2.2).
    ///
    /// - Parameter buffer: an empty buffer to write into.
    func response(in buffer: ByteBuffer) -> ByteBuffer {
        var buffer = buffer
        buffer.reserveCapacity(300)
        buffer.writeStaticString(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        WebSocketHandshake.writeAcceptKey(for: key, into: &buffer)
        for (name, value) in fields { buffer.writeString("\r\n\(name): \(value)") }
        buffer.writeStaticString("\r\n\r\n")
        return buffer
    }

    /// The same for the HTTP handlers.
    var responseHead: HTTPResponseHead {
        var headers: HTTPHeaders = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": WebSocketHandshake.acceptKey(for: key),
        ]
        for (name, value) in fields { headers.add(name: name, value: value) }
        return HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
    }

    /// The compression of a connection on this loop. Nil if there is none.
    func compression(on shard: LoopShard) -> TransportCompression? {
        guard let deflate, let options = shard.configuration.perMessageDeflate, let compressors = shard.compressors else { return nil }
        let messages = ConnectionCompression(deflate.agreement, role: .server, options: options, shared: compressors)
        return TransportCompression(messages: messages, contexts: contexts)
    }
}

/// A connection's compression, and the memory that the server counts for it.
final class TransportCompression {
    let messages: ConnectionCompression
    private let contexts: HeldMemory?

    init(messages: ConnectionCompression, contexts: HeldMemory?) {
        self.messages = messages
        self.contexts = contexts
    }
}
