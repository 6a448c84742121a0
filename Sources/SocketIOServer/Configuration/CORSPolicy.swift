/// Which origins get CORS headers (fetch.spec.whatwg.org, "CORS protocol"). An origin that is not allowed still gets its answer, without
/// `Access-Control-Allow-Origin`: the browser withholds it from the page.
public struct CORSPolicy: Sendable, Hashable {
    public enum Origins: Sendable, Hashable {
        case any
        case list(Set<String>)
    }

    public var origins: Origins
    public var allowsCredentials: Bool

    public init(origins: Origins = .any, allowsCredentials: Bool = false) {
        self.origins = origins
        self.allowsCredentials = allowsCredentials
    }

    /// The value of `Access-Control-Allow-Origin`; nil: no header.
    func allowedOrigin(for origin: String?) -> String? {
        switch origins {
        case .any: allowsCredentials ? origin : "*"
        case .list(let list): origin.flatMap { list.contains($0) ? $0 : nil }
        }
    }

    /// Whether answers differ by the request's origin, so that caches must tell them apart.
    var variesByOrigin: Bool { origins != .any || allowsCredentials }
}
