public import Classroom

/// Where the data is, as the URL of `--database` names it.
public enum DatabaseLocation: Hashable, Sendable {
    /// `memory:` (also `sqlite::memory:`): gone when the process ends.
    case memory
    /// `sqlite:PATH`: a file, relative to the current directory or absolute.
    case sqlite(path: String)
    /// `postgres://USER:PASSWORD@HOST:PORT/NAME`: a database server, with the parameters of libpq.
    case postgres(url: String)

    /// - Throws: ``StoreError/Kind/invalidURL``. The URL is not repeated in full, as it may hold a password.
    public init(url: String) throws(StoreError) {
        let scheme = url.prefix { $0 != ":" }
        guard scheme.endIndex < url.endIndex else {
            throw StoreError(.invalidURL, "not a database URL: no scheme (expected sqlite:PATH, postgres://… or memory:)")
        }
        let rest = url[url.index(after: scheme.endIndex)...]
        switch scheme.lowercased() {
        case "memory":
            guard rest.isEmpty else { throw StoreError(.invalidURL, "not a database URL: nothing follows 'memory:'") }
            self = .memory
        case "sqlite":
            let path = rest.hasPrefix("//") ? rest.dropFirst(2) : rest
            guard !path.isEmpty else { throw StoreError(.invalidURL, "not a database URL: 'sqlite:' needs the path of a file") }
            self = path == ":memory:" ? .memory : .sqlite(path: String(path))
        case "postgres", "postgresql":
            self = .postgres(url: url)
        default:
            throw StoreError(.invalidURL, "not a database URL: unknown scheme '\(scheme):' (expected sqlite:PATH, postgres://… or memory:)")
        }
    }
}

/// A URL may hold a password.
extension DatabaseLocation: SelfRedacting {
    public var redactedDescription: String {
        switch self {
        case .memory: "memory"
        case .sqlite(let path): "sqlite(\(path))"
        case .postgres: "postgres(…)"
        }
    }
}
