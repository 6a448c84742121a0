import Classroom
import JSONCore
import NIOConcurrencyHelpers
import NIOCore

/// Counts the bytes of requests, and of sign-ins by a handshake, that have arrived and are not finished. Thread-safe.
///
/// While the database is locked all requests wait. Their bytes are bounded per user, over all sockets, and for the server.
final class RequestMemory: Sendable {
    /// The memory of a request beside its payload: the request itself, its closure, its task and its place in the queue.
    static let overhead = 1_024
    /// The memory of a sign-in by a handshake beside its packet. It is small: a school of thousands may come back at once from one address.
    static let signInOverhead = 256

    /// The bytes that a request with this payload counts for. A payload within a larger buffer keeps all of that buffer alive.
    static func bytes(of payload: JSONSlice) -> Int { max(payload.bytes.readableBytes + overhead, payload.bytes.storageCapacity) }

    private let share: NIOLockedValueBox<FairShare<String>>

    init(_ configuration: RuntimeConfiguration) {
        share = NIOLockedValueBox(
            FairShare(
                capacity: configuration.maximumWaitingBytes, maximumPerKey: configuration.maximumWaitingBytesPerUser, leavesRoom: true))
    }

    var total: Int { share.withLockedValue { $0.total } }

    /// Returns false if there is no room for it now.
    func reserve(_ bytes: Int, for holder: String) -> Bool { share.withLockedValue { $0.take(bytes, for: holder) == nil } }

    func release(_ bytes: Int, for holder: String) { share.withLockedValue { $0.give(bytes, for: holder) } }
}
