import NIOConcurrencyHelpers

/// The users who are signed in on at least one connected socket. Thread-safe.
final class PresenceDirectory: Sendable {
    private let sockets = NIOLockedValueBox<[String: Int]>([:])
    private let maximumSocketsPerUser: Int

    init(maximumSocketsPerUser: Int) { self.maximumSocketsPerUser = maximumSocketsPerUser }

    /// Whether one more socket may be this user's.
    func hasRoom(for userID: String) -> Bool { sockets.withLockedValue { ($0[userID] ?? 0) < maximumSocketsPerUser } }

    /// Distinct users.
    var count: Int { sockets.withLockedValue { $0.count } }

    func arrived(_ userID: String) {
        sockets.withLockedValue { $0[userID, default: 0] += 1 }
    }

    func left(_ userID: String) {
        sockets.withLockedValue { sockets in
            guard let count = sockets[userID] else { return }
            sockets[userID] = count > 1 ? count - 1 : nil
        }
    }
}
