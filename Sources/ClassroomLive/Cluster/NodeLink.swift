public import NIOCore

/// The way to the other nodes of a classroom. A seam.
///
/// Messages of one node come to another in the order in which they were sent, together with what the first node's sessions broadcast. Nothing
/// is kept for a node that is out of reach.
public protocol NodeLink: Sendable {
    /// This node's name. No other node has it, nor had this one before its last start.
    var node: String { get }
    /// False while nothing of the other nodes is heard.
    var isEstablished: Bool { get }

    /// Hands on what other nodes send to this one, from now on. Called once.
    ///
    /// - Parameter handler: called for one message after another. Whoever reaches the link can send anything.
    func listen(_ handler: @escaping @Sendable (ByteBuffer) -> Void)

    /// Sends a message to a node.
    ///
    /// - Parameter completion: called once, on any thread. False: nobody got it, as far as is known.
    func send(_ message: ByteBuffer, to node: String, completion: @escaping @Sendable (_ wasReceived: Bool) -> Void)

    /// Sends a message to all nodes; this one gets it too.
    func sendToAll(_ message: ByteBuffer)

    func close()
}

extension NodeLink {
    func send(_ message: ByteBuffer, to node: String) { send(message, to: node) { _ in } }
}
