public import SocketIOCore

/// What a client's connection is doing.
public enum ConnectionState: Sendable, Hashable {
    /// The first attempt has number 0.
    case connecting(attempt: Int)
    /// The session is open; namespaces are joined next.
    case connected
    /// It was lost, with the reference's word for the reason; the next attempt follows after a delay.
    case waiting(Duration, reason: String)
    /// It has ended, and nobody tries again: the client was closed, attempts are used up, or the server ended it.
    case disconnected(reason: String)
}

/// An event as a handler gets it.
public struct IncomingEvent: Sendable {
    public let name: String
    /// Unparsed until asked for.
    public let arguments: Arguments
    /// nil: the server asks for none.
    public let acknowledge: ClientAcknowledgement?
}

/// The answer that a server waits for. May be given once, from any thread; further calls do nothing on the wire that the server heeds.
public struct ClientAcknowledgement: Sendable {
    let socket: ClientSocket
    let id: UInt64

    public func callAsFunction(_ arguments: any JSONWritable...) {
        let event = OutgoingEvent("", arguments, attachments: [])
        let id = self.id, namespace = self.socket.namespace
        self.socket.run { $0.acknowledge(id, in: namespace, event) }
    }
}
