/// The polling sessions that one TCP connection has opened and to which nobody came back. A session costs its client one request: without a
/// limit a single connection could take all places there are. Used on the connection's loop, where its sessions live.
final class UnconfirmedSessions {
    private(set) var count = 0

    func open() { count += 1 }
    func confirm() { count -= 1 }
}
