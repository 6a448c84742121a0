import ClassroomStore
import Hummingbird
import Metrics
import PrometheusMetrics
import SocketIOServer

/// All routes of a classroom beside Socket.IO.
struct ClassroomRouter {
    let configuration: ClassroomConfiguration
    let store: any ClassroomStore
    let authentication: any AuthenticationService
    let runtime: ClassroomRuntime
    let readiness: Readiness
    let registry: PrometheusRegistry
    /// Where players find the classroom; nil until the server listens.
    var address: @Sendable () -> ListeningAddress? = { nil }

    func build() -> Router<ClassroomRequestContext> {
        let router = Router(context: ClassroomRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeadersMiddleware())
        router.add(middleware: RequestMetricsMiddleware(factory: registry))
        // Outside of the errors: a page of an allowed origin may read them too.
        router.add(
            middleware: OriginMiddleware(
                allowedOrigins: configuration.knownOrigins, isSecure: configuration.tls != nil,
                hosts: configuration.resolvedSocketIO.hostPolicy))
        router.add(middleware: ErrorMiddleware())
        HealthRoutes(readiness: readiness, registry: registry).add(to: router)
        PageRoutes(pages: PageCatalog.pages).add(to: router)
        router.get("api/v1/openapi.yaml") { _, _ in OpenAPIDocument.response }

        let api = router.group("api/v1").add(middleware: BearerTokenMiddleware(pipeline: runtime.pipeline))
        QuizRoutes(
            store: store, authentication: authentication, limits: configuration.quizLimits, maximumBodyBytes: configuration.maximumBodyBytes
        ).add(to: api)
        SessionRoutes(
            store: store, authentication: authentication, runtime: runtime, reports: ReportQueue(runtime.pipeline.configuration)
        ).add(to: api)
        ClassroomRoutes(configuration: configuration, address: address).add(to: api)
        MethodNotAllowed.complete(router)
        return router
    }
}
