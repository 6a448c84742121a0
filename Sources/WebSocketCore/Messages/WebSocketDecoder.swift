public import NIOCore

/// Turns received bytes into messages and control frames (RFC 6455 §5), without I/O.
///
/// A short message that arrived whole costs no allocation: its payload is unmasked into a scratch buffer that the caller keeps
/// for all connections of an event loop. Longer messages, fragments and pieces of frames are gathered in a buffer of the decoder's own,
/// byte by byte as they arrive, so that a message costs the same in one piece and in a thousand.
public struct WebSocketDecoder: Sendable {
    /// Longer messages get a buffer of their own, so that the scratch buffer stays small and a message held on to pins little memory.
    static let maximumScratchBytes = 65_535

    let limits: WebSocketLimits
    /// The message that has begun and not ended, if there is one. An array, because it takes a single word while it is empty, as it is for
    /// nearly all connections.
    var gathered: [GatheredMessage] = []
    let role: WebSocketRole
    /// The bits that negotiated extensions use; all others are refused.
    let extensions: WebSocketReservedBits
    var state = State.betweenFrames

    enum State {
        case betweenFrames
        /// Within a frame whose payload did not arrive whole.
        case withinFrame
        /// After a close frame or a violation: what follows has no meaning.
        case finished
    }

    /// - Parameters:
    ///   - role: the end that decodes: a server requires masked frames, a client refuses them.
    ///   - extensions: the reserved bits that the opening handshake negotiated. Messages that have one come as
    ///     ``WebSocketEvent/extended(_:_:_:)``.
    public init(role: WebSocketRole, extensions: WebSocketReservedBits = [], limits: WebSocketLimits = WebSocketLimits()) {
        self.role = role
        self.extensions = extensions
        self.limits = limits
    }

    /// Whether a message has begun and its end has not arrived: a caller gives it a total deadline.
    public var isWithinMessage: Bool { !gathered.isEmpty }

    /// Whether a close frame or a violation ended the stream. Everything after it is discarded.
    public var isFinished: Bool {
        if case .finished = state { true } else { false }
    }

    /// Takes the next event from the front of `input`.
    ///
    /// Call it until it returns `nil`, then keep what is left in `input` (at most the start of a frame header or of a control
    /// frame) and append what arrives next.
    ///
    /// - Parameters:
    ///   - input: received bytes; the event's are consumed.
    ///   - scratch: overwritten. The event's buffer may share its memory: as long as the event is held, the next call pays for a new one.
    /// - Returns: An event, or `nil` when more bytes are needed.
    /// - Throws: The peer's violation. The connection has to be closed; the decoder discards whatever follows.
    public mutating func next(
        _ input: inout ByteBuffer, scratch: inout ByteBuffer
    ) throws(WebSocketProtocolError) -> WebSocketEvent? {
        while true {
            switch state {
            case .finished:
                input.moveReaderIndex(to: input.writerIndex)
                return nil
            case .withinFrame:
                guard input.readableBytes > 0 || gathered[0].remaining == 0 else { return nil }
                if let event = try continueFrame(&input) { return event }
            case .betweenFrames:
                let role = self.role, extensions = self.extensions
                switch input.withUnsafeReadableBytes({ FrameHeader.parse($0, role: role, extensions: extensions) }) {
                case .incomplete:
                    return nil
                case .violation(let kind):
                    throw fail(kind)
                case .header(let header):
                    try check(header)
                    guard input.readableBytes >= header.headerBytes else { return nil }
                    if header.opcode.isControl {
                        guard input.readableBytes >= header.headerBytes &+ header.payloadBytes else { return nil }
                        return try control(header, &input, &scratch)
                    }
                    if header.isFinal, gathered.isEmpty, header.payloadBytes <= Self.maximumScratchBytes,
                        input.readableBytes >= header.headerBytes &+ header.payloadBytes
                    {
                        return try wholeMessage(header, &input, &scratch)
                    }
                    begin(header, &input)
                }
            }
        }
    }

    /// Records the violation, and frees what was gathered.
    mutating func fail(_ kind: WebSocketProtocolError.Kind) -> WebSocketProtocolError {
        finish()
        return WebSocketProtocolError(kind)
    }

    mutating func finish() {
        state = .finished
        gathered = []
    }

    /// What a header can violate in the light of the frames before it. It may be seen more than once while its payload arrives.
    @inline(__always)
    private mutating func check(_ header: FrameHeader) throws(WebSocketProtocolError) {
        if header.opcode.isControl { return }
        let begun = gathered.first
        if header.opcode == .continuation {
            guard let begun else { throw fail(.continuationWithoutStart) }
            guard begun.fragments < self.limits.maximumFragments else { throw fail(.tooManyFragments) }
        } else {
            guard begun == nil else { throw fail(.messageWithinMessage) }
        }
        guard header.payloadBytes <= self.limits.maximumMessageBytes &- (begun?.bytes.readableBytes ?? 0) else {
            throw fail(.messageTooBig)
        }
    }

    /// A message in one frame that arrived whole: the hot path.
    @inline(__always)
    private mutating func wholeMessage(
        _ header: FrameHeader, _ input: inout ByteBuffer, _ scratch: inout ByteBuffer
    ) throws(WebSocketProtocolError) -> WebSocketEvent {
        let isASCII = Self.unmask(header, &input, &scratch)
        if !header.reservedBits.isEmpty { return .extended(header.opcode, header.reservedBits, scratch) }
        if header.opcode == .binary { return .binary(scratch) }
        if !isASCII { try validate(scratch) }
        return .text(scratch)
    }

    private mutating func validate(_ text: ByteBuffer) throws(WebSocketProtocolError) {
        var validator = UTF8Validator()
        guard text.withUnsafeReadableBytes({ validator.consume($0) }), validator.isComplete else { throw fail(.invalidUTF8) }
    }

    /// Moves a payload that is all there from `input` to `scratch`.
    /// - Returns: Whether it is ASCII.
    @inline(__always)
    static func unmask(_ header: FrameHeader, _ input: inout ByteBuffer, _ scratch: inout ByteBuffer) -> Bool {
        scratch.clear(minimumCapacity: max(header.payloadBytes, 256))
        input.moveReaderIndex(forwardBy: header.headerBytes)
        var isASCII = true
        if header.payloadBytes > 0 {
            scratch.writeWithUnsafeMutableBytes(minimumWritableBytes: header.payloadBytes) { target in
                input.withUnsafeReadableBytes { source in
                    if let from = source.baseAddress, let to = target.baseAddress {
                        isASCII = Masking.copy(from: from, to: to, count: header.payloadBytes, mask: header.mask)
                    }
                }
                return header.payloadBytes
            }
            input.moveReaderIndex(forwardBy: header.payloadBytes)
        }
        return isASCII
    }
}
