public import NIOCore

extension SocketIOPacket {
    /// Reads a packet, without the Engine.IO digit before it.
    ///
    /// Everything that the packet alone can violate is checked; what depends on the connection's state (a namespace that is not
    /// joined, an unknown acknowledgement) is not.
    ///
    /// - Parameters:
    ///   - text: the packet keeps a copy of it.
    ///   - sender: who sent it.
    /// - Throws: What has to close the connection.
    public static func decode(
        _ text: ByteBuffer, limits: SocketIOLimits = SocketIOLimits(), from sender: Sender = .client
    ) throws(SocketIOProtocolError) -> SocketIOPacket {
        let received = ReceivedPacket(text: text)
        try received.parse(at: 0, limits: limits, from: sender)
        return SocketIOPacket(received)
    }
}
