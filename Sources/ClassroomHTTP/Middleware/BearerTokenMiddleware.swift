import Classroom
import ClassroomLive
import HTTPTypes
import Hummingbird
import SocketIOServer

/// Signs a request in by its bearer token (RFC 6750, section 2.1). Without a valid token, or beyond its user's rate, the request is refused.
struct BearerTokenMiddleware: RouterMiddleware {
    typealias Context = ClassroomRequestContext

    let runtime: ClassroomRuntime
    let proxies: TrustedProxies

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let token = Self.token(in: request.headers[.authorization]) else { throw ClassroomError.invalidToken }
        var context = context
        context.user = try await runtime.signIn(
            token: token, address: context.client(of: request, behind: proxies, isSecure: false).address)
        return try await next(request, context)
    }

    /// The scheme's name is matched without regard to case (RFC 9110, section 11.1).
    static func token(in header: String?) -> String? {
        // Byte by byte: as text, a header with many marks on one letter takes quadratic time.
        guard let bytes = header?.utf8, let space = bytes.firstIndex(of: UInt8(ascii: " ")), ASCIIText.equals(bytes[..<space], "bearer")
        else { return nil }
        let token = bytes[space...].drop { $0 == UInt8(ascii: " ") }
        return token.isEmpty ? nil : String(Substring(token))
    }
}
