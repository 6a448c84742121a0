import NIOConcurrencyHelpers

/// What happened, in its order, told from any thread.
final class Log: Sendable {
    private let entries = NIOLockedValueBox<[String]>([])

    var lines: [String] { entries.withLockedValue { $0 } }

    func note(_ line: String) { entries.withLockedValue { $0.append(line) } }
}
