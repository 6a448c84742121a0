import Classroom
import HTTPTypes
import Hummingbird
import Logging

/// Turns every error into `{"code", "message"}`. A foreign error is logged and reported as `internal`, without details.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = ClassroomRequestContext

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as ClassroomError {
            return error.httpResponse()
        } catch let error as BodyTooLarge {
            return ClassroomError(.invalid, "The body is larger than \(error.maximumBytes) bytes").httpResponse(status: .contentTooLarge)
        } catch let error as any HTTPResponseError {
            return Self.response(for: error.status)
        } catch is CancellationError {
            return ClassroomError(.unavailable, "The server is shutting down", retryAfterMs: 1_000).httpResponse()
        } catch {
            context.logger.error(
                "request failed", metadata: ["error.type": "\(type(of: error))", "endpoint": "\(context.endpointPath ?? "")"])
            return ClassroomError(.internalError, "Internal error").httpResponse()
        }
    }

    private static func response(for status: HTTPResponse.Status) -> Response {
        switch status.code {
        case 404: ClassroomError(.notFound, "Not found").httpResponse()
        case 400..<500: ClassroomError(.invalid, status.reasonPhrase).httpResponse(status: status)
        default: ClassroomError(.internalError, "Internal error").httpResponse(status: status)
        }
    }
}
