/// A well-formed packet that the connection's state does not allow. The connection is closed.
enum ClientViolation: Error {
    /// A packet for a namespace that the client has not joined.
    case notJoined
    /// CONNECT for a namespace that it has joined or is joining.
    case alreadyJoined
    /// A packet that only servers send.
    case serversOnly
    /// CONNECT with an `auth` beyond the limit of a socket.
    case authTooLarge
    /// CONNECT with an `auth` for which there is no memory left.
    case noRoomForAuth
    /// Text where attachments must follow.
    case attachmentMissing
    /// A binary message that no packet announced.
    case strayBinary

    /// The packet is one that exists, and comes at the wrong time: the reference tells sockets another reason than for a malformed one.
    var concernsState: Bool {
        switch self {
        case .notJoined, .alreadyJoined, .serversOnly: true
        case .authTooLarge, .noRoomForAuth, .attachmentMissing, .strayBinary: false
        }
    }
}
