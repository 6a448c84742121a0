/// Where a Socket.IO server is: `http(s)://host[:port][/namespace][?query]`, or the same with `ws(s)`.
///
/// As in the reference, the path names a namespace; the path of Engine.IO's requests is ``ConnectionConfiguration/path``.
public struct ServerURL: Sendable, Hashable {
    public var isSecure: Bool
    /// A name or an address; IPv6 without its brackets.
    public var host: String
    public var port: Int
    /// "/" if the URL has no path.
    public var namespace: String
    /// Sent with the handshake, as it is written.
    public var query: String

    /// - Throws: ``SocketIOClientError/invalidURL(_:)``.
    public init(_ text: String) throws(SocketIOClientError) {
        guard let separator = text.firstRange(of: "://") else { throw .invalidURL("it has no scheme") }
        switch text[..<separator.lowerBound].lowercased() {
        case "http", "ws": isSecure = false
        case "https", "wss": isSecure = true
        default: throw .invalidURL("its scheme is none of http, https, ws, wss")
        }
        var rest = text[separator.upperBound...]
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let question = rest.firstIndex(of: "?")
        query = question.map { String(rest[rest.index(after: $0)...]) } ?? ""
        rest = rest[..<(question ?? rest.endIndex)]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        namespace = slash == rest.endIndex ? "/" : String(rest[slash...])
        (host, port) = try Self.authority(rest[..<slash], defaultPort: isSecure ? 443 : 80)
        guard (query + namespace).utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw .invalidURL("it holds white space") }
        guard !namespace.contains(",") else { throw .invalidURL("a namespace holds no comma") }
    }

    private static func authority(_ text: Substring, defaultPort: Int) throws(SocketIOClientError) -> (String, Int) {
        guard !text.contains("@") else { throw .invalidURL("it holds a user name: send credentials with `auth`") }
        var host = text, port = defaultPort
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw .invalidURL("a bracket is not closed") }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            if !rest.isEmpty {
                guard rest.first == ":" else { throw .invalidURL("something follows the address") }
                port = try Self.port(rest.dropFirst())
            }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = try Self.port(text[text.index(after: colon)...])
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw .invalidURL("it has no host") }
        return (String(host), port)
    }

    private static func port(_ text: Substring) throws(SocketIOClientError) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text), (1...65_535).contains(port) else {
            throw .invalidURL("its port is not 1 to 65535")
        }
        return port
    }

    /// The `Host` field, without the scheme's default port.
    package var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}
