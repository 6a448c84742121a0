import Classroom
import HTTPTypes
import Hummingbird

/// An error as the HTTP API tells it: `{"code", "message", "retryAfterMs"?}`.
struct ErrorBody: Encodable {
    var code: String
    var message: String
    var retryAfterMs: Int?

    init(_ error: ClassroomError) {
        code = error.code.rawValue
        message = error.message
        retryAfterMs = error.retryAfterMs
    }
}

extension ClassroomError {
    var httpStatus: HTTPResponse.Status {
        switch code {
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .invalid: .badRequest
        case .conflict, .closed: .conflict
        case .rateLimited: .tooManyRequests
        case .unavailable: .serviceUnavailable
        case .internalError: .internalServerError
        }
    }

    /// The error as a response; `status` overrides the one that goes with the code.
    func httpResponse(status: HTTPResponse.Status? = nil) -> Response {
        var response = Response.json(ErrorBody(self), status: status ?? httpStatus)
        if let retryAfterMs { response.headers[.retryAfter] = "\(min(max(retryAfterMs, 0), 86_400_000).advanced(by: 999) / 1_000)" }
        if code == .unauthenticated { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}
