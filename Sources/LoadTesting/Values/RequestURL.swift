/// A URL of the schemes http, https, ws and wss, split into the parts for the connection and for the request.
struct RequestURL: Sendable, Hashable {
    /// `http` or `https`, host and port, such as `http://127.0.0.1:3001`.
    var origin: String
    /// Path and query, without a fragment. Bytes that a request line cannot hold are percent-encoded.
    var target: String

    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme: String
        switch text[..<separator.lowerBound].lowercased() {
        case "http", "ws": scheme = "http"
        case "https", "wss": scheme = "https"
        default: return nil
        }
        let rest = text[separator.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard end != rest.startIndex else { return nil }
        origin = "\(scheme)://\(rest[..<end].lowercased())"
        target = Self.target(rest[end...])
    }

    private init(origin: String, target: String) {
        self.origin = origin
        self.target = target
    }

    private static func target(_ text: Substring) -> String {
        let visible = text.prefix { $0 != "#" }
        var target = visible.hasPrefix("/") ? "" : "/"
        for byte in visible.utf8 {
            if byte > 0x20, byte < 0x7F {
                target.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                target += byte < 16 ? "%0" : "%"
                target += String(byte, radix: 16, uppercase: true)
            }
        }
        return target
    }

    var text: String { origin + target }

    /// Resolves a `Location` (RFC 3986 §5.2, without dot segments).
    func resolve(_ location: String) -> RequestURL? {
        if location.contains("://") { return RequestURL(location) }
        if location.hasPrefix("//") { return RequestURL("\(origin.prefix { $0 != ":" }):\(location)") }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("/") { return RequestURL(origin: origin, target: Self.target(location[...])) }
        if location.hasPrefix("?") || location.isEmpty {
            return RequestURL(origin: origin, target: Self.target("\(path)\(location)"))
        }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return RequestURL(origin: origin, target: Self.target("\(folder)\(location)"))
    }
}
