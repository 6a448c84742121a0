import Classroom
import SocketIOCore

/// The `dashboard:` events.
final class DashboardHandler: Sendable {
    private let pipeline: RequestPipeline
    private let broadcaster: DashboardBroadcaster

    init(pipeline: RequestPipeline, broadcaster: DashboardBroadcaster) {
        self.pipeline = pipeline
        self.broadcaster = broadcaster
    }

    func register(in table: inout RequestTable) {
        table.on("dashboard:subscribe", subscribe)
        table.on("dashboard:unsubscribe") { [broadcaster] request, connection in
            broadcaster.unsubscribe(connection.id)
            request.responder.succeed("dashboard:unsubscribed", .empty)
            return .finished
        }
        let broadcaster = broadcaster
        table.onDeparture { connection, _ in broadcaster.unsubscribe(connection.id) }
    }

    @Sendable private func subscribe(_ request: ClientRequest, _ connection: ClientState) -> RequestOutcome {
        pipeline.identified(request, connection) { [broadcaster] user in
            let checked = MessageRules.check("dashboard:subscribe", request.payload)
            do throws(ClassroomError) {
                if let refusal = checked.refusal { throw refusal }
                let metrics = try Self.metrics(checked.data["metrics"])
                let interval = try broadcaster.subscribe(
                    connection.reference, user, metrics, intervalMs: checked.data["intervalMs"]?.number.map { Int($0) })
                request.responder.succeed(
                    "dashboard:subscribed",
                    JSONBody { writer in
                        writer.field("metrics", metrics.map(\.rawValue))
                        writer.field("intervalMs", interval)
                    })
            } catch {
                request.responder.fail(error)
            }
            return .finished
        }
    }

    /// The metrics that are asked for, each once; all of them when none is named.
    private static func metrics(_ names: Payload?) throws(ClassroomError) -> [DashboardMetric] {
        let names = (names?.array ?? []).compactMap(\.string)
        var metrics: [DashboardMetric] = []
        for name in names {
            guard let metric = DashboardMetric(rawValue: name) else {
                let known = DashboardMetric.allCases.map(\.rawValue).joined(separator: ", ")
                throw ClassroomError(.invalid, "Validation error: unknown metric \"\(name)\"; known metrics: \(known)")
            }
            if !metrics.contains(metric) { metrics.append(metric) }  // At most as many as there are metrics.
        }
        return metrics.isEmpty ? DashboardMetric.allCases : metrics
    }
}
