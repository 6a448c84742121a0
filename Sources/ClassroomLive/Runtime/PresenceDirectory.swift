import NIOConcurrencyHelpers

/// The users who are signed in on at least one connected socket. Thread-safe.
final class PresenceDirectory: Sendable {
    private let sockets = NIOLockedValueBox<[String: Int]>([:])
    private let maximumSocketsPerUser: Int
    private let cluster: (any ClassroomCluster)?

    /// - Parameter cluster: knows who is signed in on other nodes.
    init(maximumSocketsPerUser: Int, cluster: (any ClassroomCluster)? = nil) {
        self.maximumSocketsPerUser = maximumSocketsPerUser
        self.cluster = cluster
    }

    /// Whether one more socket may be this user's.
    func hasRoom(for userID: String) -> Bool { sockets.withLockedValue { ($0[userID] ?? 0) < maximumSocketsPerUser } }

    /// Distinct users of this node and of all others.
    var count: Int { sockets.withLockedValue { $0.count } + (cluster?.usersElsewhere ?? 0) }

    /// Users of this node.
    var users: Set<String> { sockets.withLockedValue { Set($0.keys) } }

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
