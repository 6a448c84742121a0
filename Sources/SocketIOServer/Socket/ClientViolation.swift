/// A well-formed packet that the connection's state does not allow: the connection is closed.
enum ClientViolation: Error {
    /// A packet for a namespace that the client has not joined.
    case notJoined
    /// CONNECT for a namespace that it has joined or is joining.
    case alreadyJoined
    /// A packet that only servers send.
    case serversOnly
    /// CONNECT with more than a socket keeps for its life.
    case authTooLarge
    /// CONNECT with an `auth` that there is no room for.
    case noRoomForAuth
    /// Text where the attachments of a packet are due.
    case attachmentMissing
    /// Binary that no packet announced.
    case strayBinary
}
