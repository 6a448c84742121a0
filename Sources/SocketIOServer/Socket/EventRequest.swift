public import SocketIOCore

/// One event as a handler on the loop gets it.
public struct EventRequest {
    public let socket: ServerSocket
    /// The event's name and its arguments, unparsed until asked for.
    public let arguments: Arguments

    /// Nil if the client asks for no acknowledgement.
    public var acknowledge: Acknowledgement? {
        arguments.acknowledgementID.map { Acknowledgement(socket: socket.reference, id: $0) }
    }

    public var name: String { arguments.name }
}

/// One event as an asynchronous handler gets it. Its parts may leave the loop.
public struct AsyncEventRequest: Sendable {
    public let socket: SocketReference
    public let arguments: Arguments
    public let acknowledge: Acknowledgement?

    init(_ request: EventRequest) {
        socket = request.socket.reference
        arguments = request.arguments
        acknowledge = request.acknowledge
    }

    public var name: String { arguments.name }
}
