import HTTPTypes
import Hummingbird

/// The headers of every response.
struct SecurityHeadersMiddleware: RouterMiddleware {
    typealias Context = ClassroomRequestContext

    /// Pages may load their own scripts, styles and pictures and talk to this server, nothing else. No other page may frame them.
    ///
    /// The server's own sockets are named beside `'self'`: not every browser counts `ws:` of the same host as that.
    static func pagePolicy(authority: String?) -> String {
        let sockets = authority.flatMap { isHost($0) ? " ws://\($0) wss://\($0)" : nil } ?? ""
        return """
            default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'\(sockets); \
            base-uri 'none'; form-action 'none'; frame-ancestors 'none'
            """
    }

    /// True if a `Host` is safe within a policy: nothing in it can end the directive.
    private static func isHost(_ authority: String) -> Bool {
        !authority.isEmpty && authority.utf8.count <= 261
            && authority.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// The policy for everything that is not a page: nothing is allowed.
    static let strictPolicy = "default-src 'none'; frame-ancestors 'none'"

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.contentSecurityPolicy] == nil { response.headers[.contentSecurityPolicy] = Self.strictPolicy }
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "no-referrer" }
        if let name = HTTPField.Name("Cross-Origin-Opener-Policy") { response.headers[name] = "same-origin" }
        return response
    }
}
