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

    /// The value of `Access-Control-Allow-Origin`. Nil if the header is left out.
    func allowedOrigin(for origin: String?) -> String? {
        let origin = origin.flatMap { CORSPolicy.isReflectable($0) ? $0 : nil }
        return switch origins {
        case .any: allowsCredentials ? origin : "*"
        case .list(let list): origin.flatMap { list.contains($0) ? $0 : nil }
        }
    }

    /// Whether answers depend on the request's origin, so that caches must distinguish them.
    var variesByOrigin: Bool { origins != .any || allowsCredentials }

    /// Whether a client's origin may be looked up and repeated in a header: a browser could have sent it, and it is no longer than host
    /// names allow.
    static func isReflectable(_ origin: String) -> Bool {
        origin.utf8.count <= 512 && origin.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }
    }

    /// Whether `Access-Control-Request-Headers` is a list of field names (RFC 9110 §5.6.2) of a length that a page could need.
    static func isHeaderList(_ text: String) -> Bool {
        text.utf8.count <= 1_024
            && text.utf8.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") || ASCIIText.isTokenByte($0) }
    }
}
