package import ClassroomLive
package import ClassroomStore
package import Hummingbird
import Metrics
package import PrometheusMetrics
package import SocketIOServer

/// All routes of a classroom beside Socket.IO.
package struct ClassroomRouter {
    /// The settings of the server that its routes follow.
    package struct Configuration: Sendable {
        /// Origins of other servers whose pages may call the API.
        package var allowedOrigins: Set<String>
        /// True if the server speaks HTTPS.
        package var isSecure: Bool
        /// The names by which a request may call the server; nil: any.
        package var hostPolicy: HostPolicy?
        package var trustedProxies: TrustedProxies
        package var quizLimits: QuizLimits
        /// The largest body of a request.
        package var maximumBodyBytes: Int

        package init(
            allowedOrigins: Set<String>, isSecure: Bool, hostPolicy: HostPolicy?, trustedProxies: TrustedProxies = TrustedProxies(),
            quizLimits: QuizLimits, maximumBodyBytes: Int
        ) {
            self.allowedOrigins = allowedOrigins
            self.isSecure = isSecure
            self.hostPolicy = hostPolicy
            self.trustedProxies = trustedProxies
            self.quizLimits = quizLimits
            self.maximumBodyBytes = maximumBodyBytes
        }
    }

    private let configuration: Configuration
    private let store: any ClassroomStore
    private let authentication: any AuthenticationService
    private let runtime: ClassroomRuntime
    private let readiness: Readiness
    private let registry: PrometheusRegistry
    private let address: @Sendable () -> ClassroomAddress?

    /// - Parameter address: where players find the classroom; nil until the server listens.
    package init(
        configuration: Configuration, store: any ClassroomStore, authentication: any AuthenticationService, runtime: ClassroomRuntime,
        readiness: Readiness, registry: PrometheusRegistry, address: @escaping @Sendable () -> ClassroomAddress? = { nil }
    ) {
        self.configuration = configuration
        self.store = store
        self.authentication = authentication
        self.runtime = runtime
        self.readiness = readiness
        self.registry = registry
        self.address = address
    }

    package func build() -> Router<ClassroomRequestContext> {
        let router = Router(context: ClassroomRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeadersMiddleware())
        router.add(middleware: RequestMetricsMiddleware(factory: registry))
        // Outside of the errors: a page of an allowed origin may read them too.
        router.add(
            middleware: OriginMiddleware(
                allowedOrigins: configuration.allowedOrigins, isSecure: configuration.isSecure, hosts: configuration.hostPolicy,
                proxies: configuration.trustedProxies))
        router.add(middleware: ErrorMiddleware())
        HealthRoutes(readiness: readiness, registry: registry).add(to: router)
        PageRoutes(pages: PageCatalog.pages).add(to: router)
        router.get("api/v1/openapi.yaml") { _, _ in OpenAPIDocument.response }

        let api = router.group("api/v1").add(middleware: BearerTokenMiddleware(runtime: runtime, proxies: configuration.trustedProxies))
        let (work, limits) = (HeavyWork(), runtime.configuration)
        let places = Places(
            capacity: limits.maximumQuizzesInHand, maximumPerUser: limits.maximumQuizzesInHandPerUser,
            refusal: "Too many quizzes are being read")
        QuizRoutes(
            store: store, authentication: authentication, limits: configuration.quizLimits,
            maximumBodyBytes: configuration.maximumBodyBytes, places: places, work: work
        ).add(to: api)
        SessionRoutes(
            store: store, authentication: authentication, runtime: runtime, reports: ReportQueue(limits), work: work
        ).add(to: api)
        ClassroomRoutes(sessionDefaults: runtime.configuration.sessionDefaults, address: address).add(to: api)
        MethodNotAllowed.complete(router)
        return router
    }
}
