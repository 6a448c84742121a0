// The suites wait by the common `eventually` too: one import brings both.
@_exported public import CoreTestSupport
package import RedisCore
import RedisTesting
package import Testing

/// What the suites of Redis run against: both have to say the same.
package enum Backend: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case memory, server

    package var testDescription: String { self == .memory ? "Redis in memory" : "redis-server" }
}

/// A backend that is not there skips its test with a reason; a build machine has it (`scripts/install-dependencies.sh test`).
package let serverIsMissing: Comment = "redis-server is not installed"
package let availableBackends: [Backend] = RedisServerProcess.path == nil ? [.memory] : Backend.allCases

extension RedisConfiguration {
    /// A client's configuration with times that are longer than any machine needs: a test that is about a time sets its own.
    package static func patient(port: Int) -> RedisConfiguration {
        var configuration = RedisConfiguration(port: port)
        configuration.timeouts = RedisTimeouts(connect: .seconds(120), command: .seconds(120), ping: .seconds(120))
        return configuration
    }
}

/// A fresh backend; `body` gets its port.
@discardableResult
package func withBackend<Value: Sendable>(
    _ backend: Backend, scripts: [RedisScript] = [], _ body: (Int) async throws -> Value
) async throws -> Value {
    switch backend {
    case .memory:
        let redis = try await InMemoryRedis.start(scripts: scripts)
        do {
            let value = try await body(redis.port)
            await redis.shutDown()
            return value
        } catch {
            await redis.shutDown()
            throw error
        }
    case .server:
        let server = try await RedisServerProcess.start()
        defer { server.stop() }
        return try await body(server.port)
    }
}
