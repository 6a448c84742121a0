public import NIOCore
public import WebSocketCore

/// Sends what a well-behaved client would not.
extension TestClient {
    /// Sends a text message as it is: `42["event"]`, or anything malformed.
    public func send(text: String) async throws {
        try await send(opcode: .text, payload: ByteBuffer(string: text))
    }

    /// Sends a binary message as it is: an attachment, or a stray one.
    public func send(binary: ByteBuffer) async throws {
        try await send(opcode: .binary, payload: binary)
    }

    /// Sends one frame, masked.
    public func send(opcode: WebSocketOpcode, payload: ByteBuffer, fin: Bool = true) async throws {
        var frame = ByteBuffer()
        // A mask has to be unpredictable to protect proxies from pages; a test has neither.
        WebSocketEncoder.write(opcode: opcode, payload: payload, fin: fin, mask: 0x5A17_C0DE, into: &frame)
        try await send(frame: frame)
    }

    /// Sends bytes as they are: a frame put together by hand.
    public func send(frame bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes)
    }

    /// Stops or resumes reading, so that what the server sends piles up.
    public func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
        if isReading { channel.read() }
    }
}
