import Classroom
import NIOConcurrencyHelpers
import NIOCore

/// The tokens that signed in the sockets that are connected now. Thread-safe.
final class TokenDirectory: Sendable {
    private typealias Holder = NIOLoopBound<ClientState>

    private struct Entry {
        let holder: Holder
        let eventLoop: any EventLoop
    }

    /// By token, then by socket.
    private let entries = NIOLockedValueBox<[ExactText: [String: Entry]]>([:])

    var tokens: [String] { entries.withLockedValue { $0.keys.map(\.text) } }

    /// Call on the connection's loop, as `remove`.
    func add(_ token: String, of connection: ClientState) {
        let entry = Entry(holder: Holder(connection, eventLoop: connection.eventLoop), eventLoop: connection.eventLoop)
        let id = connection.id
        entries.withLockedValue { $0[ExactText(token), default: [:]][id] = entry }
    }

    func remove(_ token: String, of connection: ClientState) {
        let id = connection.id
        let token = ExactText(token)
        entries.withLockedValue { entries in
            entries[token]?[id] = nil
            if entries[token]?.isEmpty == true { entries[token] = nil }
        }
    }

    /// Runs `body` for each socket that the token signed in, on its loop.
    func forEachHolder(of token: String, _ body: @escaping @Sendable (ClientState) -> Void) {
        for entry in entries.withLockedValue({ Array(($0[ExactText(token)] ?? [:]).values) }) {
            entry.eventLoop.execute { body(entry.holder.value) }
        }
    }
}
