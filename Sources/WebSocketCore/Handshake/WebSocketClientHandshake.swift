public import NIOCore

/// A client's side of the opening handshake (RFC 6455 §4.1), without I/O: the request as bytes, and the judgement of the response.
///
///     var handshake = WebSocketClientHandshake(target: "/socket.io/?EIO=4&transport=websocket", host: "example.org", nonce: nonce)
///     try handshake.write(into: &buffer)                    // send it
///     if let result = try handshake.receive(&input) { … }   // the connection is a WebSocket; what is left of `input` are frames
public struct WebSocketClientHandshake: Sendable {
    /// What the handshake agreed on.
    public struct Agreement: Sendable, Hashable {
        /// The sub-protocol that the server chose.
        public var subprotocol: String?
        /// The compression that both ends use.
        public var deflate: PerMessageDeflate?
        /// The bits that the decoder has to allow.
        public var reservedBits: WebSocketReservedBits { self.deflate?.reservedBits ?? [] }
    }

    /// Path and query of the request.
    public var target: String
    /// The `Host` field: a port belongs to it unless it is the scheme's own.
    public var host: String
    /// Offered in this order.
    public var subprotocols: [String]
    /// Further fields. They must not repeat those of the handshake itself.
    public var fields: [(name: String, value: String)]
    /// Offered as an extension.
    public var deflate: PerMessageDeflate?
    public var limits: UpgradeResponse.Limits
    /// `Sec-WebSocket-Key`.
    public let key: String
    /// A refusal whose body is on its way.
    private var refusal: (status: Int, bodyBytes: Int?)?

    /// - Parameter nonce: sixteen random bytes, new ones for each connection (§4.1).
    public init(
        target: String, host: String, nonce: (UInt64, UInt64), subprotocols: [String] = [], fields: [(name: String, value: String)] = [],
        deflate: PerMessageDeflate? = nil, limits: UpgradeResponse.Limits = .init()
    ) {
        self.target = target
        self.host = host
        self.subprotocols = subprotocols
        self.fields = fields
        self.deflate = deflate
        self.limits = limits
        key = WebSocketHandshake.key(nonce)
    }

    // MARK: Request

    /// Appends the request.
    /// - Throws: ``WebSocketHandshakeError/invalidRequest(_:)`` if a part of it would end its line, and so forge further ones.
    public func write(into buffer: inout ByteBuffer) throws(WebSocketHandshakeError) {
        guard target.utf8.first == UInt8(ascii: "/"), target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .invalidRequest("target")
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw .invalidRequest("host") }
        guard subprotocols.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(HeaderReader.isTokenByte) }) else {
            throw .invalidRequest("sub-protocol")
        }
        for (name, value) in fields {
            guard !name.isEmpty, name.utf8.allSatisfy(HeaderReader.isTokenByte), !Self.ownFields.contains(name.lowercased()),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
            else { throw .invalidRequest("header field \(name.prefix(64))") }
        }
        // Most requests fit, and the buffer does not grow step by step.
        buffer.reserveCapacity(minimumWritableBytes: 256)
        buffer.writeStaticString("GET ")
        buffer.writeString(target)
        buffer.writeStaticString(" HTTP/1.1\r\nHost: ")
        buffer.writeString(host)
        buffer.writeStaticString("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
        buffer.writeString(key)
        buffer.writeStaticString("\r\n")
        if !subprotocols.isEmpty { Self.write("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", "), into: &buffer) }
        if let deflate { Self.write("Sec-WebSocket-Extensions", "\(deflate.offer)", into: &buffer) }
        for (name, value) in fields { Self.write(name, value, into: &buffer) }
        buffer.writeStaticString("\r\n")
    }

    private static func write(_ name: String, _ value: String, into buffer: inout ByteBuffer) {
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }

    private static let ownFields: Set = [
        "host", "connection", "upgrade", "sec-websocket-version", "sec-websocket-key", "sec-websocket-protocol", "sec-websocket-extensions",
        "content-length", "transfer-encoding",
    ]

    // MARK: Response

    /// Takes the response from the front of `input`; call it again with more bytes until it returns or throws.
    ///
    /// - Parameter isAtEnd: nothing more will come: a refusal's body ends here.
    /// - Returns: nil: more bytes are due. What is left of `input` after a result are frames.
    /// - Throws: the refusal, or what is wrong with the response (§4.1, the client's checks 1 to 6): fail the connection.
    public mutating func receive(
        _ input: inout ByteBuffer, isAtEnd: Bool = false
    ) throws(WebSocketHandshakeError) -> Agreement? {
        if let refusal { return try refuse(refusal.status, refusal.bodyBytes, &input, isAtEnd) }
        while let response = try UpgradeResponse.read(&input, limits: limits) {
            if response.status == 101 { return try judge(response) }
            // Early hints and the like: the final response follows (RFC 9110 §15.2).
            if response.status < 200 { continue }
            let length = response["content-length"].flatMap { Int($0) }.map { max($0, 0) }
            return try refuse(response.status, response.status == 204 ? 0 : length, &input, isAtEnd)
        }
        if isAtEnd { throw .connectionClosed }
        return nil
    }

    private mutating func refuse(
        _ status: Int, _ bodyBytes: Int?, _ input: inout ByteBuffer, _ isAtEnd: Bool
    ) throws(WebSocketHandshakeError) -> Agreement? {
        let wanted = min(bodyBytes ?? .max, limits.maximumBodyBytes)
        guard isAtEnd || input.readableBytes >= wanted else {
            refusal = (status, bodyBytes)
            return nil
        }
        throw .refused(status: status, body: input.readString(length: min(wanted, input.readableBytes)) ?? "")
    }

    private func judge(_ response: UpgradeResponse) throws(WebSocketHandshakeError) -> Agreement {
        // By their grammars all of them are ASCII. Comparing other text normalises it, in quadratic time where one letter has many marks.
        for name in ["upgrade", "connection", "sec-websocket-accept", "sec-websocket-protocol"] {
            guard let value = response[name] else { continue }
            guard value.utf8.allSatisfy({ $0 < 0x80 }) else { throw .malformedResponse }
        }
        guard response["upgrade"]?.lowercased() == "websocket", response.hasToken("upgrade", in: "connection") else {
            throw .notUpgraded
        }
        guard response["sec-websocket-accept"] == WebSocketHandshake.acceptKey(for: key) else { throw .wrongAcceptKey }
        var agreement = Agreement()
        if let chosen = response["sec-websocket-protocol"] {
            guard subprotocols.contains(chosen) else { throw .subprotocolNotOffered }
            agreement.subprotocol = chosen
        }
        if let header = response["sec-websocket-extensions"] {
            guard let accepted = WebSocketExtension.parse(header), accepted.count == 1, let deflate,
                let agreed = deflate.accepted(by: accepted[0])
            else { throw .extensionNotOffered }
            agreement.deflate = agreed
        }
        return agreement
    }
}

/// Why a connection did not become a WebSocket.
public enum WebSocketHandshakeError: Error, Sendable, Hashable {
    /// Our own request would be malformed; names the part.
    case invalidRequest(String)
    /// The server answered with something else than 101. The body is cut to the limit.
    case refused(status: Int, body: String)
    /// No HTTP response.
    case malformedResponse
    case headTooBig
    case tooManyFields
    /// 101 without `Upgrade: websocket` and `Connection: Upgrade`.
    case notUpgraded
    /// `Sec-WebSocket-Accept` is missing or answers another key.
    case wrongAcceptKey
    case subprotocolNotOffered
    /// The server accepts an extension, or a parameter of one, that was not offered.
    case extensionNotOffered
    /// The connection ended before the response did.
    case connectionClosed
}
