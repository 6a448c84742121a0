import NIOConcurrencyHelpers
import SocketIOServer

/// What a session tells its sockets, on this node and on others. Nobody gets an event of an earlier owner behind one of a later owner.
extension NodeExchange {
    /// Tells sockets something in the name of the server that runs the session in this epoch.
    ///
    /// - Parameters:
    ///   - event: written only if it is for other nodes.
    ///   - nodes: those that the sockets are connected to, with their ids; nil: members of rooms, on any node.
    ///   - here: emits to this node's own sockets. It runs under a lock, so it must only put items into the loops' mailboxes.
    func tell(
        _ event: @autoclosure () -> EventPacket, at stage: SessionStage, rooms: [String] = [], except: [String] = [],
        nodes: [String: [String]]? = nil, here: () -> Void
    ) {
        guard admit(stage, here), nodes?.isEmpty != true else { return }
        let broadcast = SessionBroadcast(stage: stage, rooms: rooms, except: except, event: event().array)
        guard let nodes else { return sendToAll(.broadcast(broadcast)) }
        for (node, ids) in nodes {
            var own = broadcast
            own.rooms = ids
            send(.broadcast(own), to: node)
        }
    }

    /// What the owner of a session tells this node's sockets.
    func deliver(_ broadcast: SessionBroadcast) {
        guard !broadcast.rooms.isEmpty, let event = EventPacket(array: broadcast.event) else {
            return refuse("an event of another server cannot be read")
        }
        var options = BroadcastOptions(rooms: broadcast.rooms, except: broadcast.except)
        options.flags.isLocal = true
        _ = admit(broadcast.stage) { adapter.broadcast(event, to: options) }
    }

    /// Decides and emits under one lock: between the two no event of a later epoch can be emitted.
    ///
    /// - Returns: false: another server has told something of a later epoch. `emit` was not called.
    private func admit(_ stage: SessionStage, _ emit: () -> Void) -> Bool {
        let isAdmitted = epochs.withLockedValue { epochs in
            let isAdmitted = epochs.admit(stage)
            if isAdmitted { emit() }
            return isAdmitted
        }
        if !isAdmitted { state.withLockedValue { $0.statistics.outdated += 1 } }
        return isAdmitted
    }
}
