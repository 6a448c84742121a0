import Classroom
import Logging
import NIOConcurrencyHelpers

/// Looks every few seconds whether the tokens of those who are connected still hold, and signs out whoever's does not. Thread-safe.
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
        state.withLockedValue { state in
            guard !state.isStopped else { return }
            let time = pipeline.clock.now + Int64(pipeline.configuration.tokenCheckIntervalMs)
            state.timer = pipeline.clock.schedule(at: time) { [weak self] in
                guard let self else { return }
                Task {
                    await self.look()
                    self.start()
                }
            }
        }
    }

    func stop() {
        state.withLockedValue { state in
            state.isStopped = true
            state.timer?.cancel()
            state.timer = nil
        }
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
                // Nobody is signed out for a database that does not answer; the next look is soon.
                pipeline.logger.warning("tokens could not be checked", metadata: ["error": "\(type(of: error))"])
                return
            }
        }
    }
}
