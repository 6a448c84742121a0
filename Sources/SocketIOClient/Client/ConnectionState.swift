public import SocketIOCore

/// The state of a client's connection.
public enum ConnectionState: Sendable, Hashable {
    /// The first attempt has number 0.
    case connecting(attempt: Int)
    /// The session is open; namespaces are joined next.
    case connected
    /// It was lost, for a reason in the reference's words. The next attempt follows after a delay.
    case waiting(Duration, reason: String)
    /// It has ended without a further attempt: the client was closed, the attempts are used up, or the server ended it.
    case disconnected(reason: String)
}

/// An event for a handler.
public struct IncomingEvent: Sendable {
    public let name: String
    /// The arguments, unparsed until asked for.
    public let arguments: Arguments
    /// Nil if the server asks for no acknowledgement.
    public let acknowledge: ClientAcknowledgement?
}

/// The answer that a server waits for. It may be sent once, from any thread; the server ignores repetitions.
public struct ClientAcknowledgement: Sendable {
    let socket: ClientSocket
    let id: UInt64

    public func callAsFunction(_ arguments: any JSONWritable...) {
        let event = OutgoingEvent("", arguments, attachments: [])
        let id = self.id, namespace = socket.namespace
        socket.run { $0.acknowledge(id, in: namespace, event) }
    }
}
