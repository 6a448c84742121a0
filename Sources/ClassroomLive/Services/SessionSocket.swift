public import SocketIOServer

/// A socket as a session knows it: of this node, or of another one. What a session sends does not ask which.
public struct SessionSocket: Sendable, Hashable {
    public let id: String
    /// nil: of another node.
    let reference: SocketReference?
    /// The node that the socket is connected to; nil: this one.
    let node: String?
    /// The number of its node's message that brought it; what that node says later has a higher one.
    let sequence: Int
    /// Whether its node says that it plays. A session that goes on here may not have seated it yet.
    let isKnownPlayer: Bool

    /// A socket of this node.
    public init(_ reference: SocketReference) {
        id = reference.id
        self.reference = reference
        node = nil
        sequence = 0
        isKnownPlayer = false
    }

    /// A socket of another node.
    init(id: String, node: String, sequence: Int, isKnownPlayer: Bool = false) {
        self.id = id
        reference = nil
        self.node = node
        self.sequence = sequence
        self.isKnownPlayer = isKnownPlayer
    }

    public static func == (one: SessionSocket, other: SessionSocket) -> Bool { one.id == other.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
