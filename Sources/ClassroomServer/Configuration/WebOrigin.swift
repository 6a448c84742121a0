import NIOCore
import SocketIOServer

/// An origin as browsers write it in the `Origin` header (RFC 6454, section 6.2): scheme, host and, unless it is the scheme's own, port.
enum WebOrigin {
    /// The origin as a browser would send it: in lower case, without the scheme's own port, an IPv6 address in its shortest form. Nil for what
    /// is no origin: `*`, `null`, and all that has a path, a user or a query.
    static func normalized(_ text: String) -> String? {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        var rest = text[separator.upperBound...]
        // As people copy it from the address bar.
        if rest.last == "/" { rest.removeLast() }
        guard isScheme(scheme), rest.utf8.count <= 261, let authority = Authority(rest), let host = host(authority.host) else { return nil }
        guard let port = authority.port, port != defaultPort(of: scheme) else { return "\(scheme)://\(host)" }
        return "\(scheme)://\(host):\(port)"
    }

    /// Any scheme (RFC 3986, section 3.1): the pages of an app come from `capacitor://localhost` or the like.
    private static func isScheme(_ scheme: String) -> Bool {
        guard let first = scheme.utf8.first, isLetter(first) else { return false }
        return scheme.utf8.allSatisfy { isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }
    }

    /// - Parameter host: in lower case, an IPv6 address in brackets.
    private static func host(_ host: String) -> String? {
        if host.hasPrefix("[") {
            guard let address = try? SocketAddress(ipAddress: String(host.dropFirst().dropLast()), port: 0).ipAddress else { return nil }
            return "[\(address)]"
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "-._".utf8.contains($0) }) else { return nil }
        return host
    }

    private static func defaultPort(of scheme: String) -> Int? {
        switch scheme {
        case "http", "ws": 80
        case "https", "wss": 443
        default: nil
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// The address by which people reach a classroom that stands behind a proxy or has a name: `https://school.example`.
enum PublicURL {
    /// The URL as the origin of its pages; nil for one that they could not be at: they are at `/`, so it has no path.
    static func normalized(_ url: String) -> String? {
        guard let origin = WebOrigin.normalized(url), origin.hasPrefix("http://") || origin.hasPrefix("https://") else { return nil }
        return origin
    }
}
