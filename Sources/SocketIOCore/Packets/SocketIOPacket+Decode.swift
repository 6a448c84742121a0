public import NIOCore

extension SocketIOPacket {
    /// Reads a packet, without the Engine.IO digit before it.
    ///
    /// It checks all rules that concern the packet alone, and none that depend on the connection's state (a namespace that is not joined,
    /// an unknown acknowledgement).
    ///
    /// - Parameters:
    ///   - text: the packet keeps a copy of it.
    ///   - sender: who sent it.
    /// - Throws: an error that must close the connection.
    public static func decode(
        _ text: ByteBuffer, limits: SocketIOLimits = SocketIOLimits(), from sender: Sender = .client
    ) throws(SocketIOProtocolError) -> SocketIOPacket {
        let received = ReceivedPacket(text: text)
        try received.parse(at: 0, limits: limits, from: sender)
        return SocketIOPacket(received)
    }
}
