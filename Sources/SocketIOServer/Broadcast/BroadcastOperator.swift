public import SocketIOCore

/// Chooses who gets an event, then sends it. May be used from any thread; all members of a room see its broadcasts in one order.
public struct BroadcastOperator: Sendable {
    /// nil: the server has ended.
    let io: SocketIO?
    var targets: [String] = []
    var exceptions: [String] = []
    var isVolatile = false

    /// Adds a room, or a socket's id. A socket that is in several of the rooms gets the event once.
    public func to(_ room: String) -> BroadcastOperator {
        var copy = self
        copy.targets.append(room)
        return copy
    }

    /// The members of this room, or this socket, do not get it.
    public func except(_ room: String) -> BroadcastOperator {
        var copy = self
        copy.exceptions.append(room)
        return copy
    }

    /// The event is dropped for a client that is behind.
    public var volatile: BroadcastOperator {
        var copy = self
        copy.isVolatile = true
        return copy
    }

    /// Encodes the event once and sends it to all who were chosen.
    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        send(.event(event, namespace: "/", arguments: arguments))
    }

    func send(_ packet: EncodedPacket) {
        io?.broadcast(Broadcast(packet: packet, targets: targets, exceptions: exceptions, isVolatile: isVolatile))
    }
}
