import Classroom
import HTTPTypes
import Hummingbird
import Logging
import SocketIOServer

/// Holds the host and origin policies for every route: a foreign host or origin gets 403, an allowed origin the CORS headers that let its page
/// read the answer. It covers every path: there are too many ways to write a path that the router takes for one of the API.
struct OriginMiddleware: RouterMiddleware {
    typealias Context = ClassroomRequestContext

    let allowedOrigins: Set<String>
    let isSecure: Bool
    let hosts: HostPolicy?
    let proxies: TrustedProxies

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let hosts {
            guard hosts.allows(host: request.head.authority), hosts.allows(host: request.uri.host) else {
                // At a level that is off: anybody can send such requests, and any number of them.
                context.logger.debug(
                    "a request calls the server by a name that is not its own; --public-url or --allowed-origin adds one",
                    metadata: ["host": "\((request.head.authority ?? "").prefix(100))"])
                return ClassroomError(.forbidden, "Host not allowed").httpResponse()
            }
        }
        guard let origin = request.headers[.origin] else { return try await next(request, context) }
        let isSecure = context.client(of: request, behind: proxies, isSecure: isSecure).isSecure
        guard OriginPolicy.ownAnd(allowedOrigins).allows(origin: origin, host: request.head.authority, secure: isSecure) else {
            return ClassroomError(.forbidden, "Origin not allowed").httpResponse()
        }
        guard allowedOrigins.contains(origin) else { return try await next(request, context) }
        var response = request.method == .options ? Self.preflight() : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = origin
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        return response
    }

    /// Allows a page of an allowed origin its requests (fetch.spec.whatwg.org, "CORS-preflight fetch").
    private static func preflight() -> Response {
        Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, POST, PUT, DELETE", .accessControlAllowHeaders: "Authorization, Content-Type",
                .accessControlMaxAge: "600",
            ])
    }
}
