import Classroom
import HTTPTypes
import Hummingbird
import SocketIOServer

/// Holds the origin policy for the API: a foreign origin gets 403, an allowed one the CORS headers that let its page read the answer.
struct OriginMiddleware: RouterMiddleware {
    typealias Context = ClassroomRequestContext

    let allowedOrigins: Set<String>
    let isSecure: Bool

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], request.uri.path.hasPrefix("/api/") else { return try await next(request, context) }
        guard OriginPolicy.ownAnd(allowedOrigins).allows(origin: origin, host: request.head.authority, secure: isSecure) else {
            return ClassroomError(.forbidden, "Origin not allowed").httpResponse()
        }
        guard allowedOrigins.contains(origin) else { return try await next(request, context) }
        var response = request.method == .options ? Self.preflight() : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = origin
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        return response
    }

    /// What a page of an allowed origin may send (fetch.spec.whatwg.org, "CORS-preflight fetch").
    private static func preflight() -> Response {
        Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, POST, PUT, DELETE", .accessControlAllowHeaders: "Authorization, Content-Type",
                .accessControlMaxAge: "600",
            ])
    }
}
