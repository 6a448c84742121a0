import HTTPTypes
import Hummingbird

/// The headers that every response of ours has.
struct SecurityHeadersMiddleware: RouterMiddleware {
    typealias Context = ClassroomRequestContext

    /// Pages load their own scripts, styles and pictures, talk to this server, and nothing else; nobody frames them.
    static let pagePolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """

    /// Whatever is not a page needs nothing at all.
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
