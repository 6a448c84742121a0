import Classroom
import Logging

/// Checks every few seconds whether the tokens of connected users are still valid, and signs out the holders of those that are not. Thread-safe.
final class TokenWatch: Sendable {
    /// Tokens in one question to the authentication service.
    private static let batch = 1_000

    private let rounds: RepeatedWork

    init(pipeline: RequestPipeline) {
        rounds = RepeatedWork(every: Int64(pipeline.configuration.tokenCheckIntervalMs), by: pipeline.clock) { _ in
            await Self.check(pipeline)
        }
    }

    func start() { rounds.start() }

    func stop() { rounds.stop() }

    private static func check(_ pipeline: RequestPipeline) async {
        let tokens = pipeline.tokens.tokens
        for start in stride(from: 0, to: tokens.count, by: batch) {
            do {
                let lapsed = try await pipeline.authentication.lapsed(among: Array(tokens[start..<min(start + batch, tokens.count)]))
                for token in lapsed {
                    pipeline.tokens.forEachHolder(of: token) { pipeline.lapse(token, $0) }
                }
            } catch {
                // A database that does not answer signs nobody out; the next check comes soon.
                pipeline.logger.warning("tokens could not be checked", metadata: ["error": "\(type(of: error))"])
                return
            }
        }
    }
}
