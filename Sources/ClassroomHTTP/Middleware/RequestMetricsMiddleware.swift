import HTTPTypes
import Hummingbird
import Logging
import Metrics
import PrometheusMetrics

/// Counts requests and times them. The only label is the class of the status: clients could make up paths without end.
struct RequestMetricsMiddleware: RouterMiddleware {
    typealias Context = ClassroomRequestContext

    private let counters: [Counter]
    private let duration: Timer

    init(factory: PrometheusRegistry) {
        factory.describe("dunlin_http_requests_total", "HTTP requests other than Socket.IO's, by class of status.")
        factory.describe("dunlin_http_request_duration_seconds", "From the head of a request to its response.")
        counters = (1...5).map { Counter(label: "dunlin_http_requests", dimensions: [("status", "\($0)xx")], factory: factory) }
        duration = Timer(label: "dunlin_http_request_duration", factory: factory)
    }

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        let elapsed = (ContinuousClock.now - start).components
        duration.recordNanoseconds(elapsed.seconds * 1_000_000_000 + elapsed.attoseconds / 1_000_000_000)
        let index = response.status.code / 100 - 1
        if counters.indices.contains(index) { counters[index].increment() }
        // The pattern, never the path or its query: they may hold a token.
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "endpoint": "\(context.endpointPath ?? "")", "status": "\(response.status.code)",
            ])
        return response
    }
}
