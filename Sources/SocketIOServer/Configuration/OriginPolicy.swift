/// Which `Origin` a request may name. A request without one does not come from a browser and passes.
public enum OriginPolicy: Sendable, Hashable {
    /// No check: the reference's default.
    case any
    /// The server's own origin (scheme, host and port as in `Host`) and these. Everything else gets 403 on both transports. A scheme's
    /// default port equals no port (RFC 6454 §4).
    case ownAnd(Set<String>)

    package func allows(origin: String?, host: String?, secure: Bool) -> Bool {
        guard case .ownAnd(let list) = self, let origin else { return true }
        guard CORSPolicy.isReflectable(origin) else { return false }
        if list.contains(origin) { return true }
        guard let origin = Origin(origin) else { return false }
        if let host, !host.isEmpty, Origin((secure ? "https://" : "http://") + host) == origin { return true }
        return list.contains { Origin($0) == origin }
    }
}

/// Scheme, host and port, as browsers compare them.
private struct Origin: Equatable {
    private let scheme: String
    private let host: String
    private let port: Int?

    /// Nil for `null`, and for texts that are no origins.
    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://"), let authority = Authority(text[separator.upperBound...]), !authority.host.isEmpty
        else { return nil }
        scheme = text[..<separator.lowerBound].lowercased()
        host = authority.host
        port = authority.port == Origin.defaultPort(of: scheme) ? nil : authority.port
    }

    private static func defaultPort(of scheme: String) -> Int? {
        switch scheme {
        case "http", "ws": 80
        case "https", "wss": 443
        default: nil
        }
    }
}
