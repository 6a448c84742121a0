import NIOConcurrencyHelpers
import NIOCore
import SocketIOCore
import SocketIOServer

/// Joins servers of one process: the least that an adapter between servers has to do, over a bus that calls.
final class BusAdapter: Adapter {
    let local: InMemoryAdapter
    private let bus: ServerBus
    private let number: Int

    init(_ local: InMemoryAdapter, _ bus: ServerBus) {
        self.local = local
        self.bus = bus
        number = bus.join(local)
    }

    private var others: [InMemoryAdapter] { bus.others(than: number, in: local.namespace) }

    func add(_ socket: ServerSocket) { local.add(socket) }
    func addAll(_ rooms: [String], to socket: ServerSocket) { local.addAll(rooms, to: socket) }
    func del(_ room: String, from socket: ServerSocket) { local.del(room, from: socket) }
    func delAll(_ socket: ServerSocket) { local.delAll(socket) }

    func broadcast(_ packet: consuming EventPacket, to options: BroadcastOptions) {
        let event = packet
        if !options.flags.isLocal {
            for other in others { other.broadcast(event, to: options) }
        }
        local.broadcast(event, to: options)
    }

    func broadcastWithAck(
        _ packet: EventPacket, to options: BroadcastOptions, clientCount: @escaping @Sendable (Int) -> Void,
        acknowledgement: @escaping @Sendable (BroadcastAnswer) -> Void
    ) {
        for one in (options.flags.isLocal ? [] : others) + [local] {
            one.broadcastWithAck(packet, to: options, clientCount: clientCount, acknowledgement: acknowledgement)
        }
    }

    func addSockets(_ options: BroadcastOptions, to rooms: [String]) {
        for one in others + [local] { one.addSockets(options, to: rooms) }
    }

    func delSockets(_ options: BroadcastOptions, from rooms: [String]) {
        for one in others + [local] { one.delSockets(options, from: rooms) }
    }

    func disconnectSockets(_ options: BroadcastOptions, close: Bool) {
        for one in others + [local] { one.disconnectSockets(options, close: close) }
    }

    func fetchSockets(_ options: BroadcastOptions) async throws -> [SocketDescription] {
        var sockets: [SocketDescription] = []
        for one in others + [local] { sockets += try await one.fetchSockets(options) }
        return sockets
    }

    func sockets(in rooms: [String]) async throws -> Set<String> {
        var ids: Set<String> = []
        for one in others + [local] { ids.formUnion(try await one.sockets(in: rooms)) }
        return ids
    }

    func serverSideEmit(_ packet: EventPacket) {
        for other in others { other.receiveServerSideEmit(packet) }
    }

    func serverSideEmitWithAck(_ packet: EventPacket, timeout: Duration) async throws -> [JSONSlice] {
        let answers = NIOLockedValueBox<[JSONSlice]>([])
        for other in others {
            other.receiveServerSideEmit(packet) { arguments in
                let array = EventPacket("", arguments).arguments.map(\.description).joined(separator: ",")
                answers.withLockedValue { $0.append(JSONSlice(unchecked: ByteBuffer(string: "[\(array)]"))) }
            }
        }
        return answers.withLockedValue { $0 }
    }

    func serverCount() async throws -> Int { others.count + 1 }

    /// The log of the server that numbers an event knows it; the others would number it again.
    func persistSession(_ session: PersistedSession) { local.persistSession(session) }

    func restoreSession(_ privateID: String, offset: String) async throws -> RestoredSession? {
        for one in others + [local] {
            if let session = try await one.restoreSession(privateID, offset: offset) { return session }
        }
        return nil
    }

    func close() {
        bus.leave(number)
        local.close()
    }
}

final class ServerBus: Sendable {
    private let members = NIOLockedValueBox<[Int: InMemoryAdapter]>([:])

    func join(_ adapter: InMemoryAdapter) -> Int {
        members.withLockedValue { members in
            let number = (members.keys.max() ?? 0) + 1
            members[number] = adapter
            return number
        }
    }

    func leave(_ number: Int) { _ = members.withLockedValue { $0.removeValue(forKey: number) } }

    func others(than number: Int, in namespace: String) -> [InMemoryAdapter] {
        members.withLockedValue { members in
            members.filter { $0.key != number && $0.value.namespace == namespace }.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}
