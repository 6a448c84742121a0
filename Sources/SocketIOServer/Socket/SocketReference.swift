import NIOCore
public import SocketIOCore

/// Addresses a socket from any thread. Calls of one thread, through references and broadcasts, reach a client in order. After the socket
/// has gone they have no effect.
public struct SocketReference: Sendable, Hashable {
    /// One object per socket, so that a reference costs only a retain.
    final class Address: Sendable {
        let id: String
        let namespace: Namespace
        let handle: ShardHandle
        let socket: NIOLoopBound<ServerSocket>

        init(id: String, namespace: Namespace, handle: ShardHandle, socket: NIOLoopBound<ServerSocket>) {
            self.id = id
            self.namespace = namespace
            self.handle = handle
            self.socket = socket
        }
    }

    let address: Address

    public var id: String { address.id }

    public static func == (left: SocketReference, right: SocketReference) -> Bool { left.id == right.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }

    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        let packet = EventPacket(event, arguments)
        if address.namespace.recovers {
            // The adapter gives the event its offset.
            address.namespace.adapter.broadcast(packet, to: BroadcastOptions(rooms: [id]))
        } else {
            send(EncodedPacket(packet, namespace: address.namespace.name))
        }
    }

    /// Sends an event and waits for the acknowledgement.
    ///
    /// - Throws: ``AcknowledgementError``, or `CancellationError` if the task is cancelled meanwhile.
    public func emitWithAck(
        _ event: String, _ arguments: any JSONWritable..., timeout: Duration = .seconds(10)
    ) async throws -> Arguments {
        let packet = EventPacket(event, arguments)
        let answer = FirstResult<Arguments>()
        return try await answer.value {
            perform { socket in
                socket.emitWithAck(packet, timeout: timeout) { answer.resume(with: $0.mapError { $0 as any Error }) }
            }
        }
    }

    public func join(_ room: String) {
        act {
            $0.join(room)
        } mail: {
            .join($0, room: room)
        }
    }

    public func join(_ rooms: [String]) { for room in rooms { join(room) } }

    public func leave(_ room: String) {
        act {
            $0.leave(room)
        } mail: {
            .leave($0, room: room)
        }
    }

    public func disconnect(close: Bool = false) { perform { $0.disconnect(close: close) } }

    /// Runs `body` on the socket's loop, in order with what this thread sent before; at once if called there while nothing waits.
    public func perform(_ body: @escaping @Sendable (ServerSocket) -> Void) {
        let isSettled = address.handle.loop.inEventLoop && address.handle.shard.value.settleLocalMail()
        if isSettled { return body(address.socket.value) }
        let socket = address.socket
        address.handle.enqueue(.perform { body(socket.value) })
    }

    func send(_ packet: EncodedPacket) {
        send {
            if $0.connection.shard.settleLocalMail() { $0.deliver(packet) } else { $0.sendLater(packet) }
        } packet: {
            packet
        }
    }

    /// Calls `direct` on the socket's loop; elsewhere encodes a packet that travels there.
    @inline(__always)
    func send(onLoop direct: (ServerSocket) -> Void, packet: () -> EncodedPacket) {
        act(direct) { .deliver($0, packet()) }
    }

    @inline(__always)
    private func act(_ direct: (ServerSocket) -> Void, mail: (NIOLoopBound<ServerSocket>) -> LoopMailbox.Item) {
        if address.handle.loop.inEventLoop {
            direct(address.socket.value)
        } else {
            address.handle.enqueue(mail(address.socket))
        }
    }
}
