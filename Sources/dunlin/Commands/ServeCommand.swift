import ArgumentParser
import ClassroomServer
import Logging
import Metrics
import PrometheusMetrics
import ServiceLifecycle
import SocketIOHummingbird
import UnixSignals

/// `dunlin serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the classroom server.",
        discussion: """
            Prints 'listening on http://HOST:PORT' when it accepts connections,
            then where the data is and where people find the classroom.
            SIGTERM and SIGINT drain: no new work is taken, pending commits finish,
            sockets are closed. Browsers of other origins than the server's own
            get 403 unless --allowed-origin names them, and so do requests that call
            the server by another name than its own, that of --public-url, an allowed
            origin's or an address.

            Examples:
              dunlin serve --demo
              dunlin serve --port 8443 --tls-certificate chain.pem --tls-key key.pem
              dunlin serve --hostname 0.0.0.0
              dunlin serve --public-url https://school.example --trusted-proxy 127.0.0.1
              dunlin serve --tokens tokens.json
              dunlin serve --allowed-origin https://school.example
              DUNLIN_DATABASE=sqlite:school.sqlite dunlin serve --log-level debug
              dunlin serve --database 'postgres://dunlin@db.school.example/dunlin?sslmode=verify-full'
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        DescriptorLimit.raise()
        let environment = Environment()
        try options.logging.bootstrap(environment)
        let configuration = try options.configuration(environment)
        for (name, meant) in Environment.mistyped() { Terminal.error("dunlin: \(name) has no effect; did you mean \(meant)?") }
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let logger = Logger(label: "dunlin")
        let classroom = ClassroomApplication(configuration: configuration, registry: registry, logger: logger) { address in
            address.announce()
        }
        let listening = DrainDeadline().watch([UnixSignal.sigterm.rawValue, UnixSignal.sigint.rawValue])
        defer { withExtendedLifetime(listening) {} }
        let group = ServiceGroup(services: [classroom], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }
}
