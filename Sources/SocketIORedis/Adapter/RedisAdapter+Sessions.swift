import NIOCore
import RedisClient
import RedisCore
import SocketIOClusterCore
import SocketIOServer

/// Sessions that clients resume on any server, with the events of the stream that they missed.
extension RedisAdapter {
    /// Keeps a session in Redis for as long as its client may be away.
    func keep(_ session: PersistedSession) {
        guard let stream, let lifetime = local.recoveryLimits?.maximumDisconnection else { return }
        let kept = RecoverySession(
            socketID: session.socketID, privateID: session.privateID, rooms: Array(session.rooms.union([session.socketID])),
            data: ClusterPayload(json: JSONSlice(data: session.data)))
        let key = RecoverySession.key(session.privateID, prefix: stream.settings.sessionKeyPrefix)
        let (seconds, attoseconds) = lifetime.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        send { _ throws(ClusterCodingError) in
            RedisCommand("SET", .text(key), .bytes(try kept.encoded()), "PX", .integer(milliseconds))
        }
    }

    /// Restores a session, once, with the events that its client missed since an entry of the stream.
    func resume(_ privateID: String, offset: String) async throws -> RestoredSession? {
        guard var resumption = try await beginResumption(privateID, offset: offset), try await readOn(&resumption) else { return nil }
        return resumption.restored(through: nil)
    }

    /// The same, in its place among the broadcasts of this server.
    func resume(
        _ privateID: String, offset: String, at place: SessionPlace, _ body: @escaping @Sendable (RestoredSession?) -> Void
    ) async throws {
        guard let stream, var resumption = try await beginResumption(privateID, offset: offset) else { return place.take { body(nil) } }
        while true {
            // Known before the stream is read: what this server has passed on is among the entries then.
            let position = stream.position
            guard try await readOn(&resumption) else { return place.take { body(nil) } }
            if let position { resumption.known = max(resumption.known, position) }
            let isPlaced = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                stream.betweenEntries { [resumption] position in
                    // This server is ahead: some entries would be neither among the missed ones nor reach the socket.
                    if let position, resumption.known < position { return continuation.resume(returning: false) }
                    // Entries that it has not passed on reach the socket, and are not among the missed ones.
                    place.take { body(resumption.restored(through: position)) }
                    continuation.resume(returning: true)
                }
            }
            if isPlaced { return }
        }
    }

    /// A session whose client comes back, and the events that it missed.
    private struct Resumption: Sendable {
        let session: RecoverySession
        /// Every event up to this entry is in ``missed``.
        var known: StreamOffset
        var missed: [(offset: StreamOffset, packet: EventPacket)] = []
        var byteCount = 0

        /// - Parameter last: leaves out later events. Nil: none.
        func restored(through last: StreamOffset?) -> RestoredSession {
            let session = PersistedSession(
                socketID: session.socketID, privateID: session.privateID, rooms: Set(session.rooms), data: session.data.json)
            return RestoredSession(
                session: session, missed: missed.prefix { event in last.map { event.offset <= $0 } ?? true }.map(\.packet))
        }
    }

    private func beginResumption(_ privateID: String, offset: String) async throws -> Resumption? {
        // A client's text becomes a part of commands.
        guard let stream, let offset = StreamOffset(offset), privateID.utf8.count <= RedisAdapter.maximumPrivateIDBytes else { return nil }
        let settings = stream.settings
        let key = RecoverySession.key(privateID, prefix: settings.sessionKeyPrefix)
        async let text = redis.getAndDelete(key)
        let seen = try await redis.streamRange(settings.streamName, from: offset.text, through: offset.text)
        guard let text = try await text, !seen.isEmpty else { return nil }
        return Resumption(session: try RecoverySession(decoding: text, limits: configuration.limits), known: offset)
    }

    /// Adds the events up to the end of the stream. False: there are more than a client may have missed.
    private func readOn(_ resumption: inout Resumption) async throws -> Bool {
        guard let settings = stream?.settings else { return false }
        while true {
            let entries = try await redis.streamRange(settings.streamName, from: "(\(resumption.known.text)", count: 1_000)
            for entry in entries where entry["nsp"]?.readableBytesView.elementsEqual(local.namespace.utf8) == true {
                guard let offset = StreamOffset(entry.id),
                    case .broadcast(let packet, let target, requestID: nil) = try ClusterMessage(streamEntry: entry).body,
                    !target.flags.isVolatile, resumption.session.concerns(target)
                else { continue }
                resumption.missed.append((offset, try EventPacket(packet.payload).appending(entry.id)))
                resumption.byteCount += packet.payload.json.bytes.readableBytes
                resumption.byteCount += packet.payload.attachments.reduce(256) { $0 + $1.readableBytes }
                guard resumption.missed.count <= settings.maximumMissedEvents, resumption.byteCount <= settings.maximumMissedBytes else {
                    return false
                }
            }
            if let end = entries.last.flatMap({ StreamOffset($0.id) }) { resumption.known = end }
            if entries.count < 1_000 { return true }
        }
    }

    private static let maximumPrivateIDBytes = 64
}
