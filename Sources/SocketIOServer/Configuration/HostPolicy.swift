import NIOHTTP1

/// The host names by which clients may call the server. A page can make its own name resolve to this server's address ("DNS rebinding").
/// The browser then takes this server for the page's own, and only `Host` shows the page's name.
public struct HostPolicy: Sendable, Hashable {
    private let names: Set<String>

    /// - Parameter names: hosts without a port, in any case. `localhost`, names below it and addresses always pass: no foreign page can
    ///   have them.
    public init(names: Set<String>) { self.names = Set(names.compactMap { Authority($0)?.host }.map(HostPolicy.withoutLastDot)) }

    /// - Parameter host: with or without a port, as in `Host`. A request without one does not come from a browser and passes.
    package func allows(host: String?) -> Bool {
        guard let host else { return true }
        guard let authority = Authority(host) else { return false }
        let name = HostPolicy.withoutLastDot(authority.host)
        return names.contains(name) || authority.isAddress || name == "localhost" || name.hasSuffix(".localhost")
    }

    private static func withoutLastDot(_ name: String) -> String { name.hasSuffix(".") ? String(name.dropLast()) : name }
}

/// The field `Host` of a request.
enum HostField {
    /// RFC 9112 §3.2: exactly one in HTTP/1.1, at most one before it, and a valid one.
    static func isValid(in head: HTTPRequestHead) -> Bool {
        var host: String?
        for (name, value) in head.headers where ASCIIText.equals(name, "host") {
            guard host == nil, isPlain(value) || Authority(value) != nil else { return false }
            host = value
        }
        return host != nil || head.version.major == 0 || head.version == .http1_0
    }

    /// Recognises a name or an IPv4 address, with or without a port, without an allocation. Nearly all hosts have this form.
    private static func isPlain(_ value: String) -> Bool {
        guard value.utf8.count <= 255 else { return false }
        var port: Int?
        var digits = 0
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard let before = port else { continue }
                digits += 1
                port = before * 10 + Int(byte - UInt8(ascii: "0"))
                guard digits <= 5 else { return false }
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."): if port != nil { return false }
            case UInt8(ascii: ":") where port == nil: port = 0
            default: return false
            }
        }
        return port ?? 0 <= 65_535
    }
}
