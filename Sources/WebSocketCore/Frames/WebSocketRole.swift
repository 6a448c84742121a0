/// Which end of a connection a codec works for. A server requires masked frames, a client refuses them (RFC 6455 §5.1).
public enum WebSocketRole: Sendable, Hashable {
    case server
    case client
}
