import Classroom
import NIOCore
import SocketIOServer

/// The classroom's state for one socket: the signed-in user, the joined sessions and rooms, the waiting requests. Bound to the socket's
/// loop.
final class ClientState {
    let id: String
    let reference: SocketReference
    let eventLoop: any EventLoop
    /// Whose share of limits per address the client counts to.
    let address: String
    let queue: RequestQueue<ClientRequest>

    /// The signed-in user.
    private(set) var user: User?
    /// The token that signed them in; presenting it again needs no look-up.
    private(set) var token: String?
    /// The rate limits of this socket.
    var buckets: [RequestLimits.Kind: TokenBucket] = [:]
    /// The bytes of its waiting requests.
    var waitingBytes = 0
    /// A sign-in is under way, so the sender of the requests behind it is not known yet.
    var isSigningIn = false
    /// Waiting requests that change the user when their turn comes. Counted, so that a request looks at none of those before it.
    private(set) var waitingChanges = 0
    /// The socket is gone. Requests that arrived before are still carried out.
    private(set) var isGone = false

    /// Quiz sessions that this socket is in, the one joined last at the end.
    var sessions: [SessionMembership] = []
    /// Chat rooms that this socket is in, the one joined last at the end.
    var rooms: [ChatMembership] = []

    /// Clean-up that runs when the signed-in user leaves this socket.
    private let departures: [@Sendable (ClientState, User) -> Void]
    private let presence: PresenceDirectory
    private let tokens: TokenDirectory

    init(
        socket: ServerSocket, presence: PresenceDirectory, tokens: TokenDirectory,
        departures: [@Sendable (ClientState, User) -> Void], queueLimit: Int
    ) {
        id = socket.id
        reference = socket.reference
        eventLoop = socket.eventLoop
        address = AddressBlock.of(socket.handshake.address)
        queue = RequestQueue(limit: queueLimit)
        self.presence = presence
        self.tokens = tokens
        self.departures = departures
    }

    /// Whether this token signed the socket in. Takes the same time for all tokens of one length.
    func isSignedIn(by other: String) -> Bool { token.map { $0.isSameSecret(as: other) } ?? false }

    /// Signs in. If the user is another one than before, nothing is joined.
    func become(_ user: User, token: String?) {
        if self.user?.id != user.id {
            signOut()
            presence.arrived(user.id)
        }
        self.user = user
        hold(token)
    }

    /// Signs out: the socket leaves what its user had joined.
    func signOut() {
        guard let user else { return }
        // The state changes before the observers are called, so that they see a socket without a user.
        self.user = nil
        hold(nil)
        presence.left(user.id)
        for departure in departures { departure(self, user) }
    }

    private func hold(_ next: String?) {
        if let next, isSignedIn(by: next) { return }
        if let token { tokens.remove(token, of: self) }
        if let next { tokens.add(next, of: self) }
        token = next
        // Who is signed in decides which requests change the user.
        waitingChanges = 0
        for request in queue.waitingRequests { waits(request) }
    }

    // MARK: Waiting requests

    /// Whether the request makes somebody else the user, or somebody at all.
    func changesUser(_ request: ClientRequest) -> Bool {
        switch request.identity {
        case .none, .badToken: false
        case .token(let token): !isSignedIn(by: token)
        case .guest: user == nil
        }
    }

    /// Counts the request as one that waits. ``waitsNoLonger(_:)`` must follow when it begins or is refused.
    func waits(_ request: ClientRequest) {
        request.isWaitingChange = changesUser(request)
        if request.isWaitingChange { waitingChanges += 1 }
    }

    func waitsNoLonger(_ request: ClientRequest) {
        guard request.isWaitingChange else { return }
        request.isWaitingChange = false
        waitingChanges -= 1
    }

    /// Ends this state for good.
    func depart() {
        isGone = true
        signOut()
    }
}
