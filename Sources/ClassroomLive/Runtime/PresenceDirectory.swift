import NIOConcurrencyHelpers

/// The users who are signed in on at least one connected socket. Thread-safe.
final class PresenceDirectory: Sendable {
    private let sockets = NIOLockedValueBox<[String: Int]>([:])
    private let maximumSocketsPerUser: Int
    private let cluster: (any ClassroomCluster)?

    /// - Parameter cluster: the source of the users on other nodes.
    init(maximumSocketsPerUser: Int, cluster: (any ClassroomCluster)? = nil) {
        self.maximumSocketsPerUser = maximumSocketsPerUser
        self.cluster = cluster
    }

    /// Whether the user may have one more socket.
    func hasRoom(for userID: String) -> Bool { sockets.withLockedValue { ($0[userID] ?? 0) < maximumSocketsPerUser } }

    /// The number of distinct users on all nodes.
    var count: Int { sockets.withLockedValue { $0.count } + (cluster?.usersElsewhere ?? 0) }

    /// The users of this node.
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
