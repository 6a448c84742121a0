import NIOCore

/// Where the payload of a text message stands that came in one frame.
public struct WholeText: Sendable {
    /// Bytes of the payload.
    public let count: Int
    /// The frame's end, from where the bytes begin.
    public let end: Int
    let mask: UInt32

    /// Copies the payload to `target`, unmasked.
    /// - Parameter bytes: in which it was found.
    /// - Returns: Whether it is valid UTF-8.
    public func unmask(from bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Bool {
        guard self.count > 0, let base = bytes.baseAddress else { return true }
        if Masking.copy(from: base + (self.end &- self.count), to: target, count: self.count, mask: self.mask) { return true }
        var validator = UTF8Validator()
        return validator.consume(UnsafeRawBufferPointer(start: target, count: self.count)) && validator.isComplete
    }
}

/// The message that nearly all peers send nearly always: text, short, in one frame, all of it there.
extension WebSocketDecoder {
    /// Finds such a message in a batch of received bytes, without consuming it. Passing over what it finds is the same as taking that event
    /// from ``next(_:scratch:)``, which is also who judges everything else.
    ///
    /// - Parameter position: where the next frame begins.
    /// - Returns: nil: the next frame is another one, broken or not complete.
    public func wholeText(in bytes: UnsafeRawBufferPointer, at position: Int) -> WholeText? {
        guard case .betweenFrames = state, gathered.isEmpty else { return nil }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        guard rest.count >= 2, rest[0] == 0x80 | WebSocketOpcode.text.rawValue else { return nil }
        guard case .header(let header) = FrameHeader.parse(rest, role: self.role), header.payloadBytes <= Self.maximumScratchBytes,
            header.payloadBytes <= limits.maximumMessageBytes
        else { return nil }
        let length = header.headerBytes &+ header.payloadBytes
        guard rest.count >= length else { return nil }
        return WholeText(count: header.payloadBytes, end: position &+ length, mask: header.mask)
    }
}
