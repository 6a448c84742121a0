import Classroom
import Hummingbird
import PrometheusMetrics

/// `/livez`, `/readyz` and `/metrics`: for whoever runs the server, without a token.
struct HealthRoutes {
    struct Status: Encodable {
        var status: String
    }

    let readiness: Readiness
    let registry: PrometheusRegistry

    func add(to router: Router<ClassroomRequestContext>) {
        // Asks nobody: a database that is down is no reason to restart this process.
        router.get("livez") { _, _ in Response.json(Status(status: "alive")) }
        router.get("readyz") { _, _ in
            let state = await readiness.check()
            return Response.json(Status(status: state.rawValue), status: state == .ready ? .ok : .serviceUnavailable)
        }
        router.get("metrics") { _, _ in Response.text(registry.render(), type: PrometheusRegistry.contentType) }
    }
}
