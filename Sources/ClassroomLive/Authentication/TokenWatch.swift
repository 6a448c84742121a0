import Classroom
import Logging
import NIOConcurrencyHelpers

/// Checks every few seconds whether the tokens of connected users are still valid, and signs out the holders of those that are not. Thread-safe.
final class TokenWatch: Sendable {
    /// Tokens in one question to the authentication service.
    private static let batch = 1_000

    private struct State {
        var timer: ScheduledWork?
        var isStopped = false
    }

    private let state = NIOLockedValueBox(State())
    private let pipeline: RequestPipeline

    init(pipeline: RequestPipeline) { self.pipeline = pipeline }

    /// From now on, until `stop`.
    func start() {
        guard !state.withLockedValue({ $0.isStopped }) else { return }
        let time = pipeline.clock.now + Int64(pipeline.configuration.tokenCheckIntervalMs)
        let timer = pipeline.clock.schedule(at: time) { [weak self] in
            guard let self else { return }
            Task {
                await self.look()
                self.start()
            }
        }
        let isStopped = state.withLockedValue { state in
            state.timer = timer
            return state.isStopped
        }
        if isStopped { timer.cancel() }
    }

    func stop() {
        let timer = state.withLockedValue { state in
            state.isStopped = true
            defer { state.timer = nil }
            return state.timer
        }
        timer?.cancel()
    }

    private func look() async {
        let tokens = pipeline.tokens.tokens
        for start in stride(from: 0, to: tokens.count, by: Self.batch) {
            do {
                let lapsed = try await pipeline.authentication.lapsed(among: Array(tokens[start..<min(start + Self.batch, tokens.count)]))
                for token in lapsed {
                    pipeline.tokens.forEachHolder(of: token) { [pipeline] in pipeline.lapse(token, $0) }
                }
            } catch {
                // A database that does not answer signs nobody out; the next check comes soon.
                pipeline.logger.warning("tokens could not be checked", metadata: ["error": "\(type(of: error))"])
                return
            }
        }
    }
}
