import EngineIOCore

/// Why a socket's connection ended. The raw values are the reference's.
public enum DisconnectReason: String, Sendable, CaseIterable {
    case transportError = "transport error"
    case transportClose = "transport close"
    case forcedClose = "forced close"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    case serverShuttingDown = "server shutting down"
    /// The client did what its connection's state does not allow, as a second CONNECT, or joined no namespace in time.
    case forcedServerClose = "forced server close"
    case clientNamespaceDisconnect = "client namespace disconnect"
    case serverNamespaceDisconnect = "server namespace disconnect"

    init(_ reason: EngineCloseReason) {
        switch reason {
        case .transportError: self = .transportError
        case .transportClose: self = .transportClose
        case .forcedClose: self = .forcedClose
        case .pingTimeout: self = .pingTimeout
        case .parseError: self = .parseError
        case .serverShuttingDown: self = .serverShuttingDown
        }
    }

    /// Whether the client may resume the session, because neither side closed it.
    var isRecoverable: Bool {
        switch self {
        case .transportError, .transportClose, .forcedClose, .pingTimeout, .serverShuttingDown, .forcedServerClose: true
        case .parseError, .clientNamespaceDisconnect, .serverNamespaceDisconnect: false
        }
    }
}

/// The data that resumes a socket under connection state recovery.
final class SocketRecovery {
    /// A secret of the client.
    let privateID: String
    /// The socket resumes an earlier one.
    let isRecovered: Bool

    init(privateID: String, isRecovered: Bool) {
        self.privateID = privateID
        self.isRecovered = isRecovered
    }
}
