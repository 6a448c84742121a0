import Classroom
// A program that embeds a classroom imports this module alone, and its settings use types of these parts.
@_exported public import ClassroomHTTP
@_exported public import ClassroomLive
public import Logging
public import PrometheusMetrics
public import ServiceLifecycle
import UnixSignals

/// The whole classroom as one service: Socket.IO, HTTP API, pages and database.
///
///     let classroom = ClassroomApplication(configuration: ClassroomConfiguration { $0.port = 8080 }) { address in
///         print("listening on \(address.url)")
///     }
///     try await classroom.runService()
///
/// A program with services of its own runs this one in the same `ServiceGroup`, which then handles the signals.
public struct ClassroomApplication: Service {
    /// The id of the user whose quizzes everybody who may create quizzes finds in the library.
    public static let sharedOwner = Quiz.sharedOwner

    private let configuration: ClassroomConfiguration
    private let registry: PrometheusRegistry
    private let logger: Logger
    private let onListening: @Sendable (ListeningAddress) async -> Void

    /// - Parameters:
    ///   - registry: what `/metrics` shows. Hand in the one that `MetricsSystem` was bootstrapped with, if any.
    ///   - onListening: called once, when connections are accepted.
    public init(
        configuration: ClassroomConfiguration = ClassroomConfiguration(), registry: PrometheusRegistry = PrometheusRegistry(),
        logger: Logger = Logger(label: "dunlin"), onListening: @escaping @Sendable (ListeningAddress) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.registry = registry
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation. A graceful shutdown drains: readiness fails first, no new work is taken, pending
    /// commits finish, then sockets and the database are closed.
    /// - Throws: ``StartupError`` when the server cannot start.
    public func run() async throws {
        let assembly = try await ClassroomAssembly(configuration: configuration, registry: registry, logger: logger)
        try await assembly.run(onListening: onListening)
    }

    /// ``run()``, with SIGTERM and SIGINT as the signals to shut down.
    public func runService() async throws {
        try await ServiceGroup(services: [self], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
    }
}
