import Classroom
import Hummingbird
import PrometheusMetrics

/// `/livez`, `/readyz` and `/metrics`: for operators, without a token.
struct HealthRoutes {
    struct Status: Encodable {
        var status: String
    }

    let readiness: Readiness
    let registry: PrometheusRegistry

    func add(to router: Router<ClassroomRequestContext>) {
        // Does not look at the database: if that is down, restarting this process would not help.
        router.get("livez") { _, _ in Response.json(Status(status: "alive")) }
        router.get("readyz") { _, _ in
            let state = await readiness.check()
            return Response.json(Status(status: state.rawValue), status: state == .ready ? .ok : .serviceUnavailable)
        }
        router.get("metrics") { _, _ in Response.text(registry.render(), type: PrometheusRegistry.contentType) }
    }
}
