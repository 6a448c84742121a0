import Logging

/// A logger, and what it is told at any level.
struct LogLines {
    let logger: Logger
    let lines: AsyncStream<String>

    init() {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        logger = Logger(label: "test") { _ in Handler(continuation: continuation) }
    }

    /// Returns when the logger has been told a text with these words.
    func wait(for words: String) async { _ = await lines.first { $0.contains(words) } }

    private struct Handler: LogHandler {
        let continuation: AsyncStream<String>.Continuation
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { continuation.yield(event.message.description) }
    }
}
